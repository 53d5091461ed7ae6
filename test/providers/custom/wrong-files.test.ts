import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readProviderFile } from '../../../providers/custom/read-file.ts';
import { readConfig } from '../../../runtime/config.ts';
import { secret } from '../../support/minting.ts';
import { environmentWith, GOOD } from './good-file.ts';

/* How a wrong file of a provider is refused. */

const problemsOf = (text: string) => [...readProviderFile('desk.yaml', text, 'desk').problems];
const changed = (from: string, to: string) => problemsOf(GOOD.replace(from, to));

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
      'label: Desk\nscopes: {send: []}\nimap: {host: imap.desk.example, port: 993}',
      'desk.yaml:4:1: imap: expected `smtp` beside it',
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
    ['label: Desk', 'label: 7', 'desk.yaml:2:1: label: expected what people call it'],
    ['label: Desk', "label: ''", 'desk.yaml:2:1: label: expected what people call it, in one line'],
    ['label: Desk', 'label: Desk\n---', 'desk.yaml:3:1: expected one document'],
    ['label: Desk', 'label: Desk\nhint: !!set x', 'desk.yaml:3:7: expected YAML'],
    ['label: Desk', 'label: &a Desk', 'desk.yaml:2:11: expected no anchors and aliases'],
    ['label: Desk', 'label: Desk\nhint: *a', 'desk.yaml:3:7: expected no anchors and aliases'],
    ['  url: ${api}/token', '\turl: ${api}/token', 'desk.yaml:8:1: expected spaces in place of the tab'],
    ['  id: id', '  id: id\n  ? [a, b]\n  : c', 'desk.yaml:14:5: expected the name of a field'],
    ['https://desk.example', 'http://desk.example', 'desk.yaml:4:3: servers.api: expected an https: address'],
    [
      'https://desk.example',
      'https://desk.example/',
      'desk.yaml:4:3: servers.api: expected an address without a slash',
    ],
    [
      'https://desk.example',
      'https://a:b@desk.example',
      'desk.yaml:4:3: servers.api: expected an https: address, without',
    ],
    ['  api:', '  Api:', 'desk.yaml:4:3: servers.Api: expected a name of small letters'],
    [
      '  api:',
      '  constructor: https://x.example\n  ap:',
      'desk.yaml:7:3: authorization.url: expected a name of `servers`',
    ],
    [
      '  api: https://desk.example',
      '  api: {from: url, within: ["*.desk.example"]}',
      'desk.yaml:4:29: servers.api.within.0: expected a domain in small letters',
    ],
    [
      '  api: https://desk.example',
      '  api: {from: url, with: [desk.example]}',
      'desk.yaml:4:20: servers.api.with: expected one of from, within',
    ],
    [
      '${api}/authorize',
      '${api}.elsewhere.example/',
      'desk.yaml:6:3: authorization.url: expected an https: address, or',
    ],
    [
      '${api}/authorize',
      'https://x.example/${api}',
      'desk.yaml:6:3: authorization.url: expected an https: address, or',
    ],
    ['${api}/authorize', 'https://x.example/#top', 'desk.yaml:6:3: authorization.url: expected an https: address, or'],
    [
      '${api}/me',
      '${constructor}/me',
      'desk.yaml:12:3: identity.url: expected a name of `servers` in place of constructor',
    ],
    ['  url: ${api}/me', '  url: ${api}/me?token=${access_token}', 'desk.yaml:12:3: identity.url: expected an https:'],
    [
      '  url: ${api}/authorize',
      '  url: ${api}/authorize\n  login_hint: state',
      'desk.yaml:7:3: authorization.login_hint: expected a parameter that Mooring does not set itself',
    ],
    [
      '  url: ${api}/authorize',
      '  url: ${api}/authorize\n  parameters: {state: x}',
      'desk.yaml:7:16: authorization.parameters.state: expected a parameter that Mooring does not set itself',
    ],
    [
      '  url: ${api}/token',
      '  url: ${api}/token\n  parameters: {client_secret: x}',
      'desk.yaml:9:16: token.parameters.client_secret: expected a parameter that Mooring does not set itself',
    ],
    [
      '/authorize\ntoken:',
      '/authorize\n  pkce: none\ntoken:\n  client_authentication: public',
      'desk.yaml:7:3: authorization.pkce: expected S256 where the client is public',
    ],
    [
      '  id: id',
      '  id: id\n  headers: {Authorization: x}',
      'desk.yaml:14:13: identity.headers.Authorization: expected a',
    ],
    [
      '  id: id',
      '  id: id\n  headers: {X-A: "x\\ny"}',
      'desk.yaml:14:13: identity.headers.X-A: expected printable ASCII',
    ],
    [
      '  id: id',
      '  id: id\n  method: POST\n  form: {token: "${acess_token}"}',
      'desk.yaml:15:10: identity.form.token: expected no other name than ${access_token}',
    ],
    [
      '  id: id',
      '  id: id\n  method: POST\n  client_authentication: basic',
      'desk.yaml:15:3: identity.client_authentication: expected `scheme: null` beside `basic`',
    ],
    ['  id: id', '  id: "${org.id"', 'desk.yaml:13:3: identity.id: expected a field of the answer'],
    ['label: Desk', 'label: Desk\nscopes: read', 'desk.yaml:3:1: scopes: expected always, read and send'],
    ['label: Desk', 'label: Desk\nscopes: {read: read}', 'desk.yaml:3:10: scopes.read: expected a list of scopes'],
    [
      'label: Desk',
      'label: Desk\nscopes: {read: [a b]}',
      'desk.yaml:3:17: scopes.read.0: expected a scope without spaces',
    ],
    [
      '  url: ${api}/authorize',
      "  url: ${api}/authorize\n  scope_separator: ','\nscopes: {read: ['a,b']}",
      'desk.yaml:8:17: scopes.read.0: expected a scope without the separator',
    ],
    ['label: Desk', 'label: Desk\nerrors: {a: b}', 'desk.yaml:3:1: errors: expected a list of errors'],
    ['label: Desk', 'label: Desk\nerrors: [a]', 'desk.yaml:3:10: errors.0: expected a rule'],
    [
      'label: Desk',
      'label: Desk\nerrors: [{error: no access, verdict: transient}]',
      'desk.yaml:3:11: errors.0.error: expected an error word',
    ],
    [
      'label: Desk',
      'label: Desk\nerrors: [{status: 503, verdict: reauth_required}]',
      'desk.yaml:3:11: errors.0.status: expected a status from 400 to 499',
    ],
    [
      'label: Desk',
      'label: Desk\nerrors: [{status: 400.5, verdict: transient}]',
      'desk.yaml:3:11: errors.0.status: expected a status from 400 to 499',
    ],
    [
      'label: Desk',
      'label: Desk\naccess_token: {default_life_seconds: 1e300}',
      'desk.yaml:3:16: access_token.default_life_seconds: expected',
    ],
    [
      'label: Desk',
      'label: Desk\naccess_token: {default_life_seconds: 60, longest_life_seconds: 30}',
      'desk.yaml:3:42: access_token.longest_life_seconds: expected no less than',
    ],
    [
      'label: Desk',
      'label: Desk\naccess_token: {expires: false}\nrefresh_token: {rotation: strict}',
      'desk.yaml:4:1: refresh_token: expected only where access tokens expire',
    ],
    [
      'label: Desk',
      'label: Desk\nrefresh_token: {unused_life_days: 99999}',
      'desk.yaml:3:17: refresh_token.unused_life_days: expected 3650 days at most',
    ],
    [
      'label: Desk',
      'label: Desk\nsmtp: {host: smtp.desk.example, port: 465}',
      'desk.yaml:3:1: smtp: expected `imap` beside it',
    ],
    [
      'label: Desk',
      'label: Desk\nimap: {host: imap.desk.example, port: 99999}',
      'desk.yaml:3:33: imap.port: expected a port from 1 to 65535',
    ],
  ])('%j in place of which is %j', (from, to, expected) => {
    const problems = changed(from, to);
    expect(
      problems.some((problem) => problem.startsWith(expected)),
      problems.join('\n'),
    ).toBe(true);
  });

  test.each([
    ['an empty file', '', 'desk.yaml:1:1: expected fields: name, label'],
    ['a comment alone', '# nothing\n', 'desk.yaml:1:1: expected fields: name, label'],
    ['a list', '- name\n', 'desk.yaml:1:1: expected fields: name, label'],
    ['a text', 'name', 'desk.yaml:1:1: expected fields: name, label'],
    ['a page', '<html><body>Not found</body></html>', 'desk.yaml:1:1: expected fields: name, label'],
    ['a binary file', '\0\0\0', 'desk.yaml:1:1: expected'],
    ['a file without an end', `${GOOD}# ${'x'.repeat(70_000)}`, 'desk.yaml:1:1: expected 65536 characters at most'],
    ['brackets by the thousand', `${GOOD}x: ${'['.repeat(30_000)}`, 'desk.yaml:'],
  ])('%s is refused in a line', (_, text, expected) => {
    const problems = problemsOf(text);
    expect(problems[0]?.slice(0, 200)).toContain(expected);
    expect(problems[0]?.length).toBeLessThan(300);
  });

  test('that names itself again and again is refused before it grows', () => {
    const levels = Array.from(
      { length: 30 },
      (_, at) => `l${at + 1}: &l${at + 1} [*l${at}, *l${at}, *l${at}, *l${at}]`,
    );
    const problems = problemsOf(`${GOOD}l0: &l0 [lol]\n${levels.join('\n')}\n`);
    expect(problems[0]).toBe('desk.yaml:15:9: expected no anchors and aliases');
  });

  test('that cannot be read is named, beside the faults of others', () => {
    const environment = environmentWith({ 'other.yaml': '', 'Third.YAML': '' });
    mkdirSync(join(environment['MOORING_PROVIDERS_DIR'] ?? '', 'desk.yaml'));
    expect(() => readConfig(environment)).toThrow(
      /Third\.YAML: expected the ending \.yaml\n.*desk\.yaml: cannot be read \(EISDIR\)\n.*other\.yaml:1:1: expected fields/,
    );
  });

  test('stops the start with each of its faults, and repeats no value', () => {
    const misplaced = secret('client-secret');
    const text = `${GOOD.replace('label: Desk', 'lable: Desk')}client_secret: ${misplaced}\n`;
    const start = () => readConfig(environmentWith({ 'desk.yaml': text, 'other.yml': '' }));
    expect(start).toThrow(
      /other\.yml: expected the ending \.yaml\n.*label: missing.*\n.*lable: expected one of.*\n.*client_secret: expected one of/,
    );
    expect(start).not.toThrow(misplaced);
    const asName = secret('client-secret').repeat(2);
    expect(problemsOf(`${GOOD}${asName}: x\n`).join()).toMatch(/:15:1: …: expected one of/);
    const away = { ...environmentWith({}), MOORING_PROVIDERS_DIR: '/nowhere/at/all' };
    expect(() => readConfig(away)).toThrow('MOORING_PROVIDERS_DIR: /nowhere/at/all cannot be read (ENOENT)');
  });
});
