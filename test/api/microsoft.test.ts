import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refreshCredential } from '../../credentials/refresh.ts';
import { browse } from '../support/api.ts';
import { secret } from '../support/minting.ts';
import { locationOf } from './links-of.ts';
import { raiseApi } from './raise-api.ts';
import type { RaisedApi } from './raise-api.ts';

let stage: RaisedApi['stage'];
let api: RaisedApi['api'];
let links: RaisedApi['links'];
let close: RaisedApi['close'];

beforeAll(async () => {
  ({ stage, api, links, close } = await raiseApi());
}, 60_000);
afterAll(() => close?.());

type Browser = ReturnType<typeof browse>;

/** Goes to Microsoft as this person and comes back. */
async function signIn(browser: Browser, path: string, email: string, consent: object = {}) {
  const { json } = await browser('POST', `${path}/authorize`, { access_type: 'microsoft' });
  return browser('GET', await stage.sandbox.consent(json.authorization_url, email, consent));
}

async function adminDecides(url: string, decision: 'allow' | 'deny') {
  const answer = await stage.sandbox.call<{ redirect_to: string }>('POST', '/control/admin-consent', { url, decision });
  return answer.redirect_to;
}

describe('an organization whose admin has to allow the app', () => {
  test('the person gets a page to hand over, and only a sign-in proves the consent', async () => {
    const email = 'cleo@fabrikam.example';
    await stage.sandbox.account('microsoft', email, { tenant: 'fabrikam.example' });
    const link = await links.makeLink({ access_types: ['microsoft'] });
    const browser = browse(api);
    const session = async () => (await browser('GET', `${link.path}/session`)).json;
    expect((await session()).admin_consent_url).toBeNull();

    const back = await signIn(browser, link.path, email, { decision: 'needs_admin' });
    expect(locationOf(back).searchParams.get('code')).toBe('admin_consent_required');
    const waiting = await session();
    expect(waiting).toMatchObject({ done: false, result: { status: 'failed', code: 'admin_consent_required' } });
    const url = new URL(waiting.admin_consent_url);
    expect(url.pathname).toMatch(/\/v2\.0\/adminconsent$/);
    expect(url.searchParams.get('scope')).toContain('Mail.Read');

    const refused = await browse(api)('GET', await adminDecides(url.href, 'deny'));
    expect(locationOf(refused).search).toBe('?outcome=refused');
    expect((await session()).done).toBe(false);

    const allowed = await browse(api)('GET', await adminDecides(url.href, 'allow'));
    expect(locationOf(allowed).search).toBe('?outcome=allowed');
    // The answer vouches for nothing: the link still waits.
    expect(await session()).toMatchObject({ done: false, admin_consent_url: url.href });
    const connected = await signIn(browser, link.path, email);
    expect(locationOf(connected).searchParams.get('status')).toBe('connected');
    expect((await session()).admin_consent_url).toBeNull();
  });

  test('a person who refuses is told apart from an admin who has to agree', async () => {
    const email = 'dora@fabrikam.example';
    await stage.sandbox.account('microsoft', email, { tenant: 'fabrikam.example' });
    const link = await links.makeLink({ access_types: ['microsoft'] });
    const back = await signIn(browse(api), link.path, email, { decision: 'deny' });
    expect(locationOf(back).searchParams.get('code')).toBe('access_denied');
  });
});

describe('a shared mailbox', () => {
  const shared = 'support@contoso.example';
  const delegate = 'dan@contoso.example';
  const other = 'eve@contoso.example';
  const stranger = 'fay@contoso.example';

  test('is connected by a delegate, reauthorized by another, and refused to who cannot read it', async () => {
    for (const email of [delegate, other, stranger]) await stage.sandbox.account('microsoft', email);
    await stage.sandbox.account('microsoft', shared, { delegates: [delegate, other] });
    const link = await links.makeLink({ access_types: ['microsoft'], kind: 'shared', mailbox: shared });
    const sessionOf = async (path: string) => (await api.request('GET', `${path}/session`)).json;
    expect(await sessionOf(link.path)).toMatchObject({
      shared_mailbox: shared,
      sign_in: [{ oauth: [{ provider: 'microsoft', reads_shared: true }] }],
    });

    const refused = await signIn(browse(api), link.path, stranger);
    expect(locationOf(refused).searchParams.get('code')).toBe('account_mismatch');
    expect(await links.resultOf(link.id)).toMatchObject({
      code: 'account_mismatch',
      expected: { email: shared },
      received: { email: stranger },
    });

    const back = await signIn(browse(api), link.path, delegate);
    const id = locationOf(back).searchParams.get('channel') ?? '';
    const channel = await api.call('GET', `/v1/channels/${id}`);
    expect(channel.json).toMatchObject({
      access_type: 'microsoft',
      kind: 'shared',
      account: { email: shared, login: delegate },
      status: 'connected',
    });

    for (const [email, code] of [
      [stranger, 'account_mismatch'],
      [other, null],
    ] as const) {
      const again = await links.reauthorizeLink(id);
      expect(await sessionOf(again.path)).toMatchObject({ shared_mailbox: shared });
      const returned = await signIn(browse(api), again.path, email);
      expect(locationOf(returned).searchParams.get('code')).toBe(code);
    }
    // The login of the last one would be in the way of the others.
    expect((await askedAt(id)).url.searchParams.get('login_hint')).toBeNull();
    const holds = { account: { email: shared, login: other }, credential_version: 2 };
    expect((await api.call('GET', `/v1/channels/${id}`)).json).toMatchObject(holds);

    // A delegate who has lost the mailbox does not turn the channel into one of their own mailbox.
    await stage.sandbox.account('microsoft', shared, { delegates: [] });
    const last = await links.reauthorizeLink(id);
    const returned = await signIn(browse(api), last.path, other);
    expect(locationOf(returned).searchParams.get('code')).toBe('account_mismatch');
    expect((await api.call('GET', `/v1/channels/${id}`)).json).toMatchObject(holds);
  });
});

async function connected(email: string): Promise<string> {
  await stage.sandbox.account('microsoft', email);
  const link = await links.makeLink({ access_types: ['microsoft'] });
  return locationOf(await signIn(browse(api), link.path, email)).searchParams.get('channel') ?? '';
}

/** What the sign-in at this channel asks of Microsoft. */
async function askedAt(channel: string) {
  const { path } = await links.reauthorizeLink(channel);
  const browser = browse(api);
  const { json } = await browser('POST', `${path}/authorize`, { access_type: 'microsoft' });
  return { browser, path, url: new URL(json.authorization_url) };
}

describe('an account of one’s own', () => {
  test('the claims that a policy asks for at a refresh are in the next sign-in, and in no later one', async () => {
    const email = 'hal@contoso.example';
    const id = await connected(email);
    expect((await askedAt(id)).url.searchParams.get('claims')).toBeNull();
    const { id: fault } = await stage.sandbox.fault('microsoft', email, 'mfa_required', { kind: 'token' });
    const channel = { tenantId: 'acme', accessType: 'microsoft' as const, channelId: id };
    expect(await refreshCredential(stage.context, { ...channel, version: 1 })).toBe('refused');
    expect((await api.call('GET', `/v1/channels/${id}`)).json).toMatchObject({
      status: 'reauth_required',
      status_reason: 'mfa_required',
    });
    const { browser, path, url } = await askedAt(id);
    expect(JSON.parse(url.searchParams.get('claims') ?? '')).toMatchObject({
      access_token: { capolids: { essential: true } },
    });
    // At the tenant of the grant, so that the person does not end up in another directory.
    expect(url.pathname).not.toContain('/common/');
    await stage.sandbox.mend(fault);
    expect(locationOf(await signIn(browser, path, email)).searchParams.get('status')).toBe('connected');
    expect((await api.call('GET', `/v1/channels/${id}`)).json).toMatchObject({ status: 'connected' });
    expect((await askedAt(id)).url.searchParams.get('claims')).toBeNull();
  });

  test('a delegate who may read the mailbox is refused by both names: the channel is its owner’s', async () => {
    const [owner, delegate] = ['ida@contoso.example', 'jan@contoso.example'];
    const id = await connected(owner);
    await stage.sandbox.account('microsoft', delegate);
    await stage.sandbox.account('microsoft', owner, { delegates: [delegate] });
    const before = (await api.call('GET', `/v1/channels/${id}`)).json;
    const { id: link, path } = await links.reauthorizeLink(id);
    await signIn(browse(api), path, delegate);
    expect(await links.resultOf(link)).toMatchObject({
      code: 'account_mismatch',
      expected: { email: owner },
      received: { email: delegate },
    });
    expect((await api.call('GET', `/v1/channels/${id}`)).json).toEqual(before);
  });

  test('a guest, whose mailbox is in another organization, is refused as one without a mailbox', async () => {
    const home = 'kim@fabrikam.example';
    const id = await connected('lea@contoso.example');
    await stage.sandbox.account('microsoft', home, { guest_of: ['contoso.example'] });
    // At the tenant of the channel the same person is another login, which has no mailbox there.
    const { id: link, path } = await links.reauthorizeLink(id);
    await signIn(browse(api), path, home);
    expect(await links.resultOf(link)).toMatchObject({ status: 'failed', code: 'mailbox_unavailable' });
    expect((await api.call('GET', `/v1/channels/${id}`)).json).toMatchObject({
      credential_version: 1,
      account: { email: 'lea@contoso.example' },
    });
    // At home the mailbox is there.
    const at = await connected(home);
    expect((await api.call('GET', `/v1/channels/${at}`)).json).toMatchObject({ account: { email: home } });
  });
});

test('a refresh token is adopted at the tenant that gave it', async () => {
  const email = 'gil@contoso.example';
  await stage.sandbox.account('microsoft', email);
  const link = await links.makeLink({ access_types: ['microsoft'], tenant: 'first' });
  await signIn(browse(api), link.path, email);
  const answer = await api.call('POST', '/v1/channels', {
    tenant: 'acme',
    access_type: 'microsoft',
    account: { email },
    credential: { refresh_token: secret('not-a-token'), entra_tenant: 'contoso.example' },
  });
  expect(answer).toMatchObject({ status: 422, json: { code: 'authentication_failed' } });
});
