import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { disconnectChannel } from '../../connections/disconnect-channel.ts';
import { browse, startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { withTwoWays } from '../support/two-ways.ts';
import { codeOf, linksOf, locationOf } from './links-of.ts';

/* An access type with more than one way to sign in: what a channel can do is decided by its credential. */

const PASSWORD = secret('password');
const TENANT = 'acme';

let stage: Stage;
let api: Api;
let links: ReturnType<typeof linksOf>;
beforeAll(async () => {
  const raised = await raiseStage();
  stage = { ...raised, context: withTwoWays(raised.context) };
  api = await startApi(stage.context);
  links = linksOf(stage, api);
}, 60_000);
afterAll(async () => {
  await api?.close();
  await stage?.close();
});

/** Goes to the page of the one that is named, and comes back. */
async function signInAt(provider: string, email: string) {
  await stage.sandbox.account('google', email, { password: PASSWORD });
  const link = await links.makeLink({ access_types: ['imap'] });
  const browser = browse(api);
  const { json } = await browser('POST', `${link.path}/authorize`, { access_type: 'imap', provider });
  return browser('GET', await stage.sandbox.consent(json.authorization_url, email));
}

async function signInWithPassword(email: string): Promise<string> {
  await stage.sandbox.account('imap', email, { password: PASSWORD });
  const link = await links.makeLink({ access_types: ['imap'] });
  const { host, port, security } = stage.imap;
  const body = { access_type: 'imap', username: email, password: PASSWORD, host, port, security };
  const { json } = await browse(api)('POST', `${link.path}/password`, body);
  return json.channel.id as string;
}

async function disconnected(channelId: string) {
  await api.call('DELETE', `/v1/channels/${channelId}`);
  await disconnectChannel(stage.context, { tenantId: TENANT, channelId });
  return (await api.call('GET', `/v1/channels/${channelId}`)).json;
}

describe('an access type with several ways to sign in', () => {
  test('the page learns them from the API', async () => {
    const link = await links.makeLink({ access_types: ['imap'] });
    const { json } = await browse(api)('GET', `${link.path}/session`);
    expect(json.sign_in).toEqual([
      {
        access_type: 'imap',
        label: 'IMAP',
        provider: 'the mail server',
        hint: 'Any other mailbox, with its password',
        oauth: [
          { provider: 'google', label: 'Google' },
          { provider: 'microsoft', label: 'Google' },
        ],
        password: {
          server: { asks: 'host', label: 'IMAP server', example: 'imap.example.com' },
          notes: expect.arrayContaining([
            {
              domains: ['gmail.com', 'googlemail.com'],
              kind: 'app_password',
              name: 'Google',
              text: expect.stringContaining('app password') as string,
            },
          ]) as unknown,
        },
      },
    ]);
  });

  test('the authorization server has to be named where there are two', async () => {
    const link = await links.makeLink({ access_types: ['imap'] });
    for (const [provider, code] of [
      [undefined, 'no_oauth_for_access_type'],
      ['salesforce', 'not_supported_yet'],
    ]) {
      const { json } = await browse(api)('POST', `${link.path}/authorize`, { access_type: 'imap', provider });
      expect(json).toMatchObject({ code, detail: expect.stringContaining('google or microsoft') as string });
    }
  });

  test.each(['google', 'microsoft'])('a sign-in at %s comes back to its own redirect address', async (provider) => {
    const returned = await signInAt(provider, `${provider}@ways.example.com`);
    expect(codeOf(returned)).toBeNull();
    const channel = locationOf(returned).searchParams.get('channel') ?? '';
    expect((await api.call('GET', `/v1/channels/${channel}/access-token`)).status).toBe(200);
  });

  test('a code does not get to the other server’s exchange', async () => {
    await stage.sandbox.account('google', 'crossed@ways.example.com', { password: PASSWORD });
    const link = await links.makeLink({ access_types: ['imap'] });
    const browser = browse(api);
    const body = { access_type: 'imap', provider: 'google' };
    const { json } = await browser('POST', `${link.path}/authorize`, body);
    const back = await stage.sandbox.consent(json.authorization_url, 'crossed@ways.example.com');
    expect(codeOf(await browser('GET', back.replace('/oauth/google/', '/oauth/microsoft/')))).toBe('state_invalid');
  });

  test('the credential decides: a password has no token to refresh and nothing to revoke, a grant has both', async () => {
    const password = await signInWithPassword('password@ways.example.com');
    const grant = locationOf(await signInAt('google', 'grant@ways.example.com')).searchParams.get('channel') ?? '';
    const noToken = { status: 409, json: { code: 'no_token_for_access_type' } };
    expect(await api.call('POST', `/v1/channels/${password}/refresh`)).toMatchObject(noToken);
    expect(await api.call('GET', `/v1/channels/${password}/access-token`)).toMatchObject(noToken);
    expect((await api.call('GET', `/v1/channels/${grant}/access-token`)).status).toBe(200);
    const { json: shown } = await api.call('GET', `/v1/channels/${password}`);
    expect(shown).toMatchObject({
      credential_kind: 'password',
      access: { label: 'IMAP', provider: 'the mail server' },
    });
    expect(shown.access.causes.password_changed).toContain('the password of password@ways.example.com;');
    expect(await disconnected(password)).toMatchObject({ revocation: 'unsupported', credential_kind: null });
    expect(await disconnected(grant)).toMatchObject({ revocation: 'done' });
    const revoked = await stage.sandbox.requests('google', 'revoke', 'grant@ways.example.com');
    expect(revoked.map(({ status }) => status)).toEqual([200]);
  });
});
