import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { classifierOf } from '../../../providers/custom/errors.ts';
import { providerFile } from '../../../providers/custom/file-format.ts';
import { fieldsOf, readProviderFile } from '../../../providers/custom/read-file.ts';
import { createProviders } from '../../../providers/registry.ts';
import { readConfig } from '../../../runtime/config.ts';
import { secret } from '../../support/minting.ts';

/* Files of providers: what a good one makes, and how a wrong one is refused. */

const GOOD = `name: desk
label: Desk
servers:
  api: https://desk.example
authorization:
  url: \${api}/authorize
token:
  url: \${api}/token
revocation:
  help: Remove the app.
identity:
  url: \${api}/me
  id: id
  email: email
`;
const ROOT = join(import.meta.dirname, '../../..');
const problemsOf = (text: string) => [...readProviderFile('desk.yaml', text, 'desk').problems];
const changed = (from: string, to: string) => problemsOf(GOOD.replace(from, to));

/** A folder with files, as an environment names it. */
function environmentWith(files: Record<string, string>): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-files-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return {
    DATABASE_URL: 'postgres://mooring@127.0.0.1/mooring',
    TEMPORAL_ADDRESS: '127.0.0.1:1',
    MOORING_VAULT_KEYS_FILE: 'keys.json',
    MOORING_PROVIDERS_DIR: folder,
  };
}

describe('a wrong file', () => {
  test.each([
    ['label: Desk', 'lable: Desk', 'desk.yaml:1:1: label: missing; expected what people call it'],
    [
      'name: desk',
      'name: Desk',
      'desk.yaml:1:1: name: expected small letters and digits, with single hyphens between them',
    ],
    ['name: desk', 'name: other', 'desk.yaml:1:1: name: expected desk, as the file is called'],
    ['name: desk', 'name: gmail', 'desk.yaml:1:1: name: expected another name than gmail, microsoft, exchange, imap'],
    [
      '  url: ${api}/authorize',
      '  ulr: x',
      'desk.yaml:6:3: authorization.ulr: expected one of url, parameters, login_hint',
    ],
    [
      '${api}/token',
      'http://desk.example/token',
      'desk.yaml:8:3: token.url: expected an https: address, or ${SERVER}/path',
    ],
    ['${api}/token', '${apl}/token', 'desk.yaml:8:3: token.url: expected a name of `servers` in place of apl'],
    ['https://desk.example', 'desk.example', 'desk.yaml:4:3: servers.api: expected an https: address'],
    [
      '  api: https://desk.example',
      '  api: {from: url, within: [desk.example]}',
      'desk.yaml:6:3: authorization.url: expected a server with an address of its own in place of api',
    ],
    ['  id: id', '  id: 7', 'desk.yaml:13:3: identity.id: expected a field of the answer, as data.email'],
    ['  id: id', '  id: id\n  form: {token: x}', 'desk.yaml:14:3: identity.form: expected `method: POST` beside it'],
    [
      '  help: Remove the app.',
      '  url: ${api}/revoke',
      'desk.yaml:9:1: revocation.help: missing; expected how a person ends the access by hand',
    ],
    [
      'label: Desk',
      'label: Desk\nrefresh_token: {rotation: grace}',
      'desk.yaml:3:1: refresh_token.grace_seconds: missing; expected with `rotation: grace`',
    ],
    [
      'label: Desk',
      'label: Desk\nimap: {host: imap.desk.example, port: 993}',
      'desk.yaml:3:1: imap: expected `smtp` beside it',
    ],
    [
      'label: Desk',
      'label: Desk\nerrors: [{error: x, verdict: gone}]',
      'desk.yaml:3:21: errors.0.verdict: expected one of reauth_required, transient',
    ],
    [
      'label: Desk',
      'label: Desk\nerrors: [{verdict: transient}]',
      'desk.yaml:3:10: errors.0: expected `error`, `says` or `status`',
    ],
    ['label: Desk', 'label: Desk\nlabel: Desk', 'desk.yaml:3:1: expected each field once'],
    ['label: Desk', 'label: [Desk', 'desk.yaml:3:1: expected YAML (bad indent)'],
  ])('%j in place of which is %j', (from, to, expected) => {
    const problems = changed(from, to);
    expect(
      problems.some((problem) => problem.startsWith(expected)),
      problems.join('\n'),
    ).toBe(true);
  });

  test('stops the start with each of its faults, and repeats no value', () => {
    const misplaced = secret('client-secret');
    const text = `${GOOD.replace('label: Desk', 'lable: Desk')}client_secret: ${misplaced}\n`;
    const start = () => readConfig(environmentWith({ 'desk.yaml': text, 'other.yml': '' }));
    expect(start).toThrow(
      /other\.yml: expected the ending \.yaml\n.*label: missing.*\n.*lable: expected one of.*\n.*client_secret: expected one of/,
    );
    expect(start).not.toThrow(misplaced);
    const away = { ...environmentWith({}), MOORING_PROVIDERS_DIR: '/nowhere/at/all' };
    expect(() => readConfig(away)).toThrow('MOORING_PROVIDERS_DIR: /nowhere/at/all cannot be read (ENOENT)');
  });
});

const offered = (environment: Record<string, string>) => createProviders(readConfig(environment).providers);

describe('a file', () => {
  test('is offered with a client, under its own name, and replaces the files that ship', () => {
    const environment = environmentWith({ 'desk.yaml': GOOD });
    const client = { DESK_CLIENT_ID: 'client', DESK_CLIENT_SECRET: secret('client-secret') };
    const ofHubSpot = { HUBSPOT_CLIENT_ID: 'client', HUBSPOT_CLIENT_SECRET: secret('client-secret') };
    expect([...offered(environment).keys()]).toEqual(['imap', 'exchange']);
    expect([...offered({ ...environment, ...client, ...ofHubSpot }).keys()]).toEqual(['imap', 'exchange', 'desk']);
    const { MOORING_PROVIDERS_DIR: _, ...shipped } = environment;
    expect([...offered({ ...shipped, ...ofHubSpot }).keys()]).toEqual(['imap', 'exchange', 'hubspot']);
    const wrong = { ...environment, ...client, DESK_API_URL: 'ftp://desk.example' };
    expect(() => readConfig(wrong)).toThrow('DESK_API_URL: expected an http: or https: address');
  });

  test('with an IMAP and an SMTP server is a way to sign in to imap', () => {
    const mail = 'imap: {host: imap.desk.example, port: 993}\nsmtp: {host: smtp.desk.example, port: 587}\n';
    const client = { DESK_CLIENT_ID: 'client', DESK_CLIENT_SECRET: secret('client-secret') };
    const providers = offered({ ...environmentWith({ 'desk.yaml': GOOD + mail }), ...client });
    expect([...providers.keys()]).toEqual(['imap', 'exchange']);
    expect(providers.get('imap')?.signIn.oauth.map(({ provider, label }) => [provider, label])).toEqual([
      ['desk', 'Desk'],
    ]);
  });

  test('says what words of the provider mean; an outage and a limit stay what they are', () => {
    const rules =
      'errors:\n  - {error: gone, at: token, verdict: account_gone}\n  - {says: Quota used, verdict: rate_limited}\n';
    const { file } = readProviderFile('desk.yaml', GOOD + rules, 'desk');
    const classify = classifierOf(file ?? (undefined as never));
    const said = (operation: 'refresh' | 'api', httpStatus: number, body: object) =>
      classify({ operation, httpStatus, headers: {}, body: JSON.stringify(body) });
    expect(said('refresh', 400, { error: 'GONE' })).toMatchObject({ kind: 'account_gone', reason: 'account_disabled' });
    expect(said('api', 400, { error: 'gone' }).kind).toBe('transient');
    expect(said('api', 403, { message: 'quota used up' }).kind).toBe('rate_limited');
    expect(said('refresh', 503, { error: 'gone' }).kind).toBe('transient');
    expect(said('refresh', 429, { error: 'gone' }).kind).toBe('rate_limited');
    expect(said('refresh', 400, { error: 'invalid_client' }).kind).toBe('misconfigured');
    expect(said('refresh', 400, { error: 'invalid_grant' })).toMatchObject({ kind: 'reauth_required', vague: true });
    expect(said('api', 401, {})).toMatchObject({ kind: 'transient', tokenRefused: true });
  });

  test('has every field in the documentation', () => {
    const page = readFileSync(join(ROOT, 'docs/providers-by-file.md'), 'utf8');
    const { shape } = providerFile;
    const all = Object.entries(shape).flatMap(([name, schema]) => {
      const inner = fieldsOf(schema);
      return inner.length > 0 ? inner : [name];
    });
    const missing = all.filter((field) => !new RegExp(`[\`.]${field}\``).test(page));
    expect(missing).toEqual([]);
  });
});
