import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkChannel } from '../../credentials/check.ts';
import { importing } from '../imports/importing.ts';
import { refreshUntilDone } from '../credentials/refresh-until-done.ts';
import { createProviders } from '../../providers/registry.ts';
import { readConfig } from '../../runtime/config.ts';
import { failLink } from '../../db/access/links.ts';
import { disconnectChannel } from '../../connections/disconnect-channel.ts';
import { browse, startApi } from '../support/api.ts';
import type { Api, ApiAnswer } from '../support/api.ts';
import { signInAt as grantAt } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { codeOf, linksOf, locationOf } from './links-of.ts';

/* An access type with more than one way to sign in: what a channel can do is decided by its credential. */

const PASSWORD = secret('password');
const TENANT = 'acme';
const MAIL_SCOPE = {
  google: 'https://mail.google.com/',
  microsoft: 'https://outlook.office.com/IMAP.AccessAsUser.All',
};
const channelOf = (returned: ApiAnswer) => locationOf(returned).searchParams.get('channel') ?? '';

let stage: Stage;
let api: Api;
let links: ReturnType<typeof linksOf>;
beforeAll(async () => {
  stage = await raiseStage();
  api = await startApi(stage.context);
  links = linksOf(stage, api);
}, 60_000);
afterAll(async () => {
  await api?.close();
  await stage?.close();
});

type Issuer = 'google' | 'microsoft';

/** Goes to the page of the one that is named, and comes back. */
async function signInAt(provider: Issuer, email: string, path?: string) {
  await stage.sandbox.account(provider, email, { password: PASSWORD });
  const link = path === undefined ? await links.makeLink({ access_types: ['imap'] }) : { path };
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

async function disconnected(channelId: string, context = stage.context) {
  await api.call('DELETE', `/v1/channels/${channelId}`);
  await disconnectChannel(context, { tenantId: TENANT, channelId });
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
        hint: 'Any other mailbox, over IMAP',
        imports: true,
        reaches_mailbox: true,
        oauth: [
          { provider: 'google', label: 'Google', logins: null, reads_shared: false },
          { provider: 'microsoft', label: 'Microsoft', logins: null, reads_shared: true },
        ],
        password: {
          server: { asks: 'host', label: 'IMAP server', example: 'imap.example.com' },
          smtp: true,
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

  test('an admin’s page is offered of the provider that asks for it, and no other', async () => {
    const link = await links.makeLink({ access_types: ['imap'] });
    const browser = browse(api);
    const failed = { status: 'failed', code: 'admin_consent_required', detail: 'An admin has to agree' } as const;
    const pageAfter = async (provider: Issuer) => {
      await browser('POST', `${link.path}/authorize`, { access_type: 'imap', provider });
      await stage.context.database.inTenant(TENANT, (tx) => failLink(tx, link.id, failed));
      return (await browser('GET', `${link.path}/session`)).json.admin_consent_url;
    };
    expect(await pageAfter('google')).toBeNull();
    expect(await pageAfter('microsoft')).toContain('/adminconsent');
  });

  test('IMAP that is switched off asks for no approval of the app, and Google’s own page is named where it wants a visit', async () => {
    const email = 'refused@ways.example.com';
    const refusedWith = async (fault: string) => {
      await stage.sandbox.account('google', email);
      const { id } = await stage.sandbox.fault('google', email, fault, { kind: 'login' });
      const link = await links.makeLink({ access_types: ['imap'] });
      const code = codeOf(await signInAt('google', email, link.path));
      await stage.sandbox.mend(id);
      const { result, admin_consent_url } = (await browse(api)('GET', `${link.path}/session`)).json;
      expect(result).toMatchObject({ status: 'failed', code });
      return { ...result, admin_consent_url };
    };
    expect(await refusedWith('imap_switched_off')).toMatchObject({
      code: 'mailbox_unavailable',
      admin_consent_url: null,
    });
    const page = 'https://accounts.google.com/signin/continue';
    const alerted = await refusedWith('web_sign_in_required');
    expect(alerted).toMatchObject({ code: 'web_sign_in_required', page, admin_consent_url: null });
    expect(alerted.detail).toContain(`asks for a sign-in at ${page} first`);
  });

  test('the authorization server has to be named where there are two', async () => {
    const link = await links.makeLink({ access_types: ['imap'] });
    for (const [provider, code] of [
      [undefined, 'no_oauth_for_access_type'],
      ['salesforce', 'no_oauth_for_access_type'],
    ]) {
      const { json } = await browse(api)('POST', `${link.path}/authorize`, { access_type: 'imap', provider });
      expect(json).toMatchObject({ code, detail: expect.stringContaining('google or microsoft') as string });
    }
  });

  test.each(['google', 'microsoft'] as const)(
    'tokens of %s: connect, refresh, a poll, a withdrawn grant, the wrong account and the right one',
    async (issuer) => {
      const email = `${issuer}@ways.example.com`;
      const channelId = channelOf(await signInAt(issuer, email));
      const shown = async () => (await api.call('GET', `/v1/channels/${channelId}`)).json;
      expect(await shown()).toMatchObject({ access_type: 'imap', credential_kind: 'oauth', account: { email } });
      const token = await api.call('GET', `/v1/channels/${channelId}/access-token`);
      expect(token).toMatchObject({ status: 200, json: { scopes: expect.arrayContaining([MAIL_SCOPE[issuer]]) } });
      const input = { tenantId: TENANT, channelId };
      await refreshUntilDone(stage.context, { ...input, accessType: 'imap', version: 1 });
      await stage.sandbox.deliver(issuer, email, 3);
      const polled = await importing(stage.context).poll(channelId);
      expect(polled).toMatchObject({ outcome: 'stored', stored: 3 });
      await stage.sandbox.fault(issuer, email, 'access_revoked');
      expect(await checkChannel(stage.context, input)).toMatchObject({ ok: false });
      const broken = await shown();
      expect(broken).toMatchObject({ status: 'reauth_required', status_reason: 'access_revoked' });
      const name = issuer === 'google' ? 'Google' : 'Microsoft';
      expect(broken.access.causes.access_revoked).toContain(`${name} ended our access: `);
      const { path } = await links.reauthorizeLink(channelId);
      const { json: session } = await browse(api)('GET', `${path}/session`);
      expect(session.access_types).toEqual(['imap']);
      expect(session.sign_in[0]).toMatchObject({ access_type: 'imap', oauth: [{ provider: issuer }], password: null });
      expect(session.channel.access.provider).toBe(name);
      const { json: banner } = await api.call('POST', '/v1/banner-tokens', { tenant: TENANT, channel: channelId });
      const headers = { authorization: `Bearer ${banner.token}` };
      const state = await api.request('GET', '/banner/state', { headers });
      expect(state.json.channels[0].message).toContain(`${name} `);
      const wrong = await signInAt(issuer, `other-${issuer}@ways.example.com`, path);
      expect(codeOf(wrong)).toBe('account_mismatch');
      expect(codeOf(await signInAt(issuer, email, path))).toBeNull();
      expect(await shown()).toMatchObject({ status: 'connected', credential_version: 3 });
    },
  );

  test.each(['google', 'microsoft'] as const)(
    'a refresh token of %s is adopted with its issuer named',
    async (issuer) => {
      const email = `adopted-${issuer}@ways.example.com`;
      await stage.sandbox.account(issuer, email, { password: PASSWORD });
      const { refreshToken } = await grantAt(stage, { accessType: 'imap', provider: issuer }, email);
      const credential = { refresh_token: refreshToken?.reveal() };
      const body = { tenant: TENANT, access_type: 'imap', account: { email }, credential };
      expect(await api.call('POST', '/v1/channels', body)).toMatchObject({
        status: 409,
        json: { code: 'no_oauth_for_access_type' },
      });
      const adopted = await api.call('POST', '/v1/channels', { ...body, provider: issuer });
      expect(adopted).toMatchObject({ status: 201, json: { access_type: 'imap', account: { email } } });
    },
  );

  test('a grant that another channel rests on is not revoked: Gmail’s API and IMAP share it', async () => {
    const email = 'shared@ways.example.com';
    const byImap = channelOf(await signInAt('google', email));
    await links.connect(email);
    expect(await disconnected(byImap)).toMatchObject({ revocation: 'shared' });
  });

  test('Microsoft’s grant cannot be revoked by us, and it is said how a person does', async () => {
    const channelId = channelOf(await signInAt('microsoft', 'unrevoked@ways.example.com'));
    expect(await disconnected(channelId)).toMatchObject({
      revocation: 'unsupported',
      revocation_help: expect.stringContaining('myapps.microsoft.com') as string,
    });
  });

  test('a grant whose client has left the environment is left at once, with what to do by hand', async () => {
    const { GOOGLE_CLIENT_ID: _id, GOOGLE_CLIENT_SECRET: _secret, ...rest } = stage.environment;
    const without = { ...stage.context, providers: createProviders(readConfig(rest).providers) };
    expect(without.providers.get('imap')?.signIn.oauth.map(({ provider }) => provider)).toEqual(['microsoft']);
    const [first, last] = [
      await signInAt('google', 'left@ways.example.com'),
      await links.connect('left@ways.example.com'),
    ];
    expect(await disconnected(channelOf(first), without)).toMatchObject({
      status: 'disconnected',
      revocation: 'shared',
    });
    await disconnected(last);
    const alone = channelOf(await signInAt('google', 'left@ways.example.com'));
    expect(await disconnected(alone, without)).toMatchObject({
      status: 'disconnected',
      revocation: 'failed',
      revocation_help: expect.stringContaining('Remove the access in the account there') as string,
      credential_kind: null,
    });
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
    const grant = channelOf(await signInAt('google', 'grant@ways.example.com'));
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
