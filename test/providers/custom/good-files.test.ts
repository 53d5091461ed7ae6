import { describe, expect, test } from 'vitest';
import { classifierOf } from '../../../providers/custom/errors.ts';
import { readProviderFile } from '../../../providers/custom/read-file.ts';
import { firstOf, parseExactly } from '../../../providers/custom/templates.ts';
import { createProviders } from '../../../providers/registry.ts';
import { readConfig } from '../../../runtime/config.ts';
import { secret } from '../../support/minting.ts';
import { environmentWith, GOOD } from './good-file.ts';

/* What a file of a provider makes. */

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

  test('says how its refresh tokens turn over, and how long access tokens live', () => {
    const client = { DESK_CLIENT_ID: 'client', DESK_CLIENT_SECRET: secret('client-secret') };
    const oauthOf = (more: string) => {
      const text = `${GOOD}${more}\n`;
      return offered({ ...environmentWith({ 'desk.yaml': text }), ...client }).get('desk')?.signIn.oauth[0];
    };
    expect(oauthOf('')).toMatchObject({ rotation: { mode: 'none' }, defaultLifeSeconds: 3_600 });
    expect(oauthOf('refresh_token: {rotation: strict}')).toMatchObject({ rotation: { mode: 'strict' } });
    expect(oauthOf('refresh_token: {rotation: grace, grace_seconds: 30}')).toMatchObject({
      rotation: { mode: 'grace', graceSeconds: 30 },
    });
    expect(oauthOf('access_token: {default_life_seconds: 90, longest_life_seconds: 100}')).toMatchObject({
      defaultLifeSeconds: 90,
      longestLifeSeconds: 100,
    });
    expect(oauthOf('refresh_token: {unused_life_days: 2}')).toMatchObject({ unusedLifeMs: 2 * 86_400_000 });
    expect(oauthOf('access_token: {expires: false}')).toMatchObject({ neverExpires: true });
  });

  test('with an IMAP and an SMTP server is a way to sign in to imap', () => {
    const mail =
      'scopes: {send: []}\nimap: {host: imap.desk.example, port: 993}\nsmtp: {host: smtp.desk.example, port: 587}\n';
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
});

test('a field of an answer keeps every digit, is of one line, and is never inherited', () => {
  const json = parseExactly('{"id": 2560636000000008002, "name": "Desk\\nX", "org": {"id": 7}}');
  expect(firstOf(json, 'id')).toBe('2560636000000008002');
  expect(firstOf(json, '${org.id}/${id}')).toBe('7/2560636000000008002');
  expect(firstOf(json, ['name', 'constructor.name', 'org.id.length', 'none'])).toBeNull();
  expect(firstOf({ email: 'a'.repeat(501) }, 'email')).toBeNull();
});
