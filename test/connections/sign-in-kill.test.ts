import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refreshCredential } from '../../credentials/refresh.ts';
import { checkChannel } from '../../credentials/check.ts';
import { KILL_POINTS } from '../../domain/kill-points.ts';
import type { KillPoint } from '../../domain/kill-points.ts';
import { codeOf, linksOf, locationOf } from '../api/links-of.ts';
import { browse, startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { startServerProcess } from './server-process.ts';

const PASSWORD = secret('password');

/*
 * The whole of a sign-in over HTTP, at a real server process that dies at each named step. Another server behind the
 * same public address is there for what the person does next.
 */

const TENANT = 'acme';
const POINTS = KILL_POINTS.filter((point) => point.startsWith('sign_in.'));
/** Several servers start at once. */
const TIMEOUT_MS = 120_000;
const KINDS = ['first', 'again'] as const;
const CASES = POINTS.flatMap((point) => KINDS.map((kind) => ({ point, kind })));
/** A password has no code: its sign-in begins with the login, and from there the code is the same. */
const PASSWORD_CASES = POINTS.slice(POINTS.indexOf('sign_in.admitted')).map((point, i) => ({
  point,
  kind: KINDS[i % 2] ?? 'first',
}));

let stage: Stage;
let api: Api;
let links: ReturnType<typeof linksOf>;
beforeAll(async () => {
  stage = await raiseStage();
  api = await startApi(stage.context);
  links = linksOf(stage, api);
});
afterAll(async () => {
  await api?.close();
  await stage?.close();
});

type Browser = ReturnType<typeof browse>;

/** Sends one request to a server that dies at `point`. */
async function dieAt(point: KillPoint, request: (serverUrl: string) => Promise<unknown>): Promise<void> {
  const { url, died } = await startServerProcess({
    ...stage.serverEnvironment,
    MOORING_PUBLIC_URL: api.url,
    MOORING_KILL_AT: point,
  });
  await expect(request(url)).rejects.toThrow();
  expect(await died).toBe('SIGKILL');
}

interface Channel {
  id: string;
  status: string;
  status_reason: string | null;
  access: object;
  credential_version: number;
  account: { email: string };
}

async function channelsOf(email: string) {
  const { json } = await api.call('GET', `/v1/channels?tenant=${TENANT}&limit=100`);
  return (json.data as Channel[]).filter(({ account }) => account.email === email);
}

/** Nothing has changed but the cause of a refusal: Google's security event may name it at any time, once. */
const unchanged = (channels: Channel[]) =>
  channels.map((channel) =>
    channel.status_reason === 'access_revoked'
      ? {
          ...channel,
          status_reason: expect.stringMatching(/^(access_revoked|password_changed)$/) as string,
          access: { ...channel.access, causes: expect.any(Object) as object },
        }
      : channel,
  );

const sessionOf = async (browser: Browser, path: string) => (await browser('GET', `${path}/session`)).json;

/** Codes that were sent, and what each was answered. */
const exchanges = async (email: string) =>
  (await stage.sandbox.requests('google', 'token', email))
    .filter(({ grant_type }) => grant_type === 'authorization_code')
    .map(({ status }) => status);

const isNudged = (channelId: string) =>
  stage.context.database.inTenant(TENANT, async (tx) => {
    const rows = await tx.execute(`select 1 from nudges where channel_id = '${channelId}'`);
    return rows.length === 1;
  });

describe.concurrent('a callback whose server is killed', { timeout: TIMEOUT_MS }, () => {
  test.for(CASES)('$point, $kind', async ({ point, kind }) => {
    const email = `${kind}-${point.replace('.', '-')}@example.com`;
    const isStored = point === 'sign_in.settled';
    await stage.sandbox.account('google', email, { password: PASSWORD });
    const link = kind === 'first' ? await links.makeLink({ access_types: ['gmail'] }) : await brokenGmail(email);
    const codesBefore = (await exchanges(email)).length;
    const before = await channelsOf(email);
    const browser = browse(api);
    const back = await stage.sandbox.consent(await links.authorizationUrl(browser, link.path), email);
    await dieAt(point, (serverUrl) => browser('GET', back.replace(api.url, serverUrl)));

    // The page did not load: the person reloads it, or goes back and forth.
    const codes = (await exchanges(email)).length - codesBefore;
    expect(codes).toBe(point === 'sign_in.consumed' ? 0 : 1);
    const reloaded = locationOf(await browser('GET', back));
    expect(reloaded.pathname).toBe(link.path);
    expect((await exchanges(email)).length - codesBefore).toBe(codes);
    const session = await sessionOf(browser, link.path);
    if (isStored) {
      const [channel] = await channelsOf(email);
      expect(Object.fromEntries(reloaded.searchParams)).toEqual({ status: 'connected', channel: channel?.id });
      expect(session).toMatchObject({ done: true, result: { status: 'connected', channel: channel?.id } });
      expect(await isNudged(channel?.id ?? '')).toBe(true);
      const start = await browser('POST', `${link.path}/authorize`, { access_type: 'gmail' });
      expect(start).toMatchObject({ status: 410, json: { code: 'link_used' } });
    } else {
      expect(reloaded.search).toBe('');
      expect(session).toMatchObject({ done: false, result: null });
      expect(await channelsOf(email)).toEqual(unchanged(before));
      const returned = await links.signIn(browser, link.path, email);
      expect(locationOf(returned).searchParams.get('status')).toBe('connected');
    }
    expect(new Set(await exchanges(email))).toEqual(new Set([200]));
    await expectOneLiveChannel(email, kind);
    const [channel] = await channelsOf(email);
    expect(await refresh(channel!.id, channel!.credential_version)).toBe('refreshed');
  });

  test('a refusal that was stored is what the repeated callback shows, and an earlier one never is', async () => {
    await links.connect('pinned@example.com');
    const [channel] = await channelsOf('pinned@example.com');
    const link = await links.reauthorizeLink(channel!.id);
    const browser = browse(api);
    await stage.sandbox.account('google', 'wrong@example.com', { password: PASSWORD });
    const wrong = await stage.sandbox.consent(await links.authorizationUrl(browser, link.path), 'wrong@example.com');
    await dieAt('sign_in.settled', (serverUrl) => browser('GET', wrong.replace(api.url, serverUrl)));
    expect(codeOf(await browser('GET', wrong))).toBe('account_mismatch');
    const right = await stage.sandbox.consent(await links.authorizationUrl(browser, link.path), 'pinned@example.com');
    await dieAt('sign_in.consumed', (serverUrl) => browser('GET', right.replace(api.url, serverUrl)));
    expect(codeOf(await browser('GET', right))).toBeNull();
    expect(await sessionOf(browser, link.path)).toMatchObject({ done: false, result: null });
    expect(await channelsOf('pinned@example.com')).toEqual([channel]);
  });
});

describe.concurrent('a password form whose server is killed', { timeout: TIMEOUT_MS }, () => {
  test.for(PASSWORD_CASES)('$point, $kind', async ({ point, kind }) => {
    const email = `${kind}-${point.replace('.', '-')}@imap.example.com`;
    const { host, port, security } = stage.imap;
    const form = { access_type: 'imap', username: email, password: PASSWORD, host, port, security };
    await stage.sandbox.account('imap', email, { password: PASSWORD });
    const link = kind === 'first' ? await links.makeLink({ access_types: ['imap'] }) : await knownImap(form);
    const before = await channelsOf(email);
    const browser = browse(api);
    await dieAt(point, (serverUrl) => browser('POST', `${serverUrl}${link.path}/password`, form));
    const session = await sessionOf(browser, link.path);
    const again = await browser('POST', `${link.path}/password`, form);
    if (point === 'sign_in.settled') {
      const [channel] = await channelsOf(email);
      expect(session).toMatchObject({ done: true, result: { status: 'connected', channel: channel?.id } });
      expect(await isNudged(channel?.id ?? '')).toBe(true);
      expect(again).toMatchObject({ status: 410, json: { code: 'link_used' } });
    } else {
      expect(session).toMatchObject({ done: false, result: null });
      expect(before.map(({ credential_version }) => credential_version)).toEqual(kind === 'first' ? [] : [1]);
      expect(again).toMatchObject({ status: 200, json: { channel: { status: 'connected' } } });
    }
    await expectOneLiveChannel(email, kind);
    const [channel] = await channelsOf(email);
    const input = { tenantId: TENANT, channelId: channel?.id ?? '' };
    expect(await checkChannel(stage.context, input)).toMatchObject({ ok: true });
  });
});

async function expectOneLiveChannel(email: string, kind: (typeof KINDS)[number]): Promise<void> {
  const version = kind === 'first' ? 1 : 2;
  expect(await channelsOf(email)).toMatchObject([{ status: 'connected', credential_version: version }]);
}

const refresh = (channelId: string, version: number) =>
  refreshCredential(stage.context, { tenantId: TENANT, accessType: 'gmail', channelId, version });

/** A link to a channel that waits for its person. */
async function brokenGmail(email: string) {
  const channelId = await links.connect(email);
  await stage.sandbox.fault('google', email, 'password_changed');
  expect(await refresh(channelId, 1)).toBe('refused');
  return links.reauthorizeLink(channelId);
}

async function knownImap(form: object) {
  const first = await links.makeLink({ access_types: ['imap'] });
  const { json } = await browse(api)('POST', `${first.path}/password`, form);
  return links.reauthorizeLink(json.channel.id);
}
