import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eq, sql } from 'drizzle-orm';
import { decodeProtectedHeader, SignJWT } from 'jose';
import type { KeyObject } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSecret } from '../../credentials/access.ts';
import { tokenIdentifiersOf } from '../../credentials/token-identifiers.ts';
import { findChannel } from '../../db/channels/channels.ts';
import { findCredential, findCredentialState } from '../../db/credentials/credentials.ts';
import { credentials } from '../../db/schema/credentials.ts';
import type { ImportMode, KeepWarm } from '../../domain/access-type.ts';
import { registerFirstReceivers, registerReceiver } from '../../runtime/security-event-streams.ts';
import { settleCauses } from '../../push/settle-causes.ts';
import { openGoogleClient } from '../../sandbox/google/oauth/client.ts';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { channelOf, connectGmail, connectOAuth } from '../support/connect.ts';
import { raiseEngine, until } from '../support/engine.ts';
import type { Engine } from '../support/engine.ts';
import { raiseStage } from '../support/stage.ts';

const HOUR_MS = 3_600_000;
const RISC = 'https://schemas.openid.net/secevent/risc/event-type/';
const ISSUER = 'https://accounts.google.com/';

/* Tokens live an hour, and nothing polls or reads: a security event alone finds anything at once. */
let engine: Engine;
let api: Api;
let sign: ReturnType<typeof signing>;

beforeAll(async () => {
  engine = await raiseEngine(await raiseStage(), { timeSkipping: false, config: { pollIntervalMs: HOUR_MS } });
  api = await startApi(engine.context);
  await engine.sandbox.settings('google', { token_life_s: 3_600 });
  const { stream } = engine.context.providers.get('gmail')!.signIn.oauth[0]!.securityEvents!;
  expect(await stream!.receiver()).toBe(null);
  await stream!.register(`${api.url}/push/google/security-events`);
  expect(await stream!.receiver()).toBe(`${api.url}/push/google/security-events`);
  await stream!.verify('a state of ours');
  sign = signing(engine.dir);
}, 180_000);
afterAll(async () => {
  await api?.close();
  await engine?.close();
});

/** Signs as the sandbox's Google does, and otherwise. */
function signing(stageDir: string) {
  const dir = join(stageDir, 'sandbox');
  const stored = JSON.parse(readFileSync(join(dir, 'google-client.json'), 'utf8')) as { signing_key: string };
  const client = openGoogleClient(dir);
  const key = createPrivateKey(stored.signing_key);
  const { kid = '' } = decodeProtectedHeader(client.sign({}));
  const claimsOf = (sub: string, more: object = {}) => ({
    iss: ISSUER,
    aud: client.clientId,
    iat: Math.floor(Date.now() / 1000),
    jti: randomUUID(),
    events: { [`${RISC}sessions-revoked`]: { subject: { subject_type: 'iss-sub', iss: ISSUER, sub } } },
    ...more,
  });
  const token = (claims: object, header: object = {}, signWith: KeyObject = key) =>
    new SignJWT({ ...claims }).setProtectedHeader({ alg: 'RS256', kid, typ: 'secevent+jwt', ...header }).sign(signWith);
  return { claimsOf, token, kid, publicPem: createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString() };
}

async function deliver(body: string) {
  const headers = { 'content-type': 'application/secevent+jwt' };
  const answer = await fetch(`${api.url}/push/google/security-events`, { method: 'POST', headers, body });
  const text = await answer.text();
  return { status: answer.status, error: text === '' ? null : (JSON.parse(text) as { err: string }) };
}

interface Idle {
  tenantId?: string;
  over?: 'gmail' | 'imap';
}

/** A connected channel that imports nothing and that no product reads. */
async function idle(email: string, { tenantId = 'acme', over = 'gmail' }: Idle = {}) {
  const spec = { import: 'off' as ImportMode };
  const result =
    over === 'gmail'
      ? await connectGmail(engine, email, { tenantId, spec })
      : await connectOAuth(engine, { accessType: 'imap', provider: 'google' }, email, { tenantId, spec });
  const id = channelOf(result);
  const { database } = engine.context;
  const row = async () => (await database.inTenant(tenantId, (tx) => findChannel(tx, id)))!;
  await api.call('PATCH', `/v1/channels/${id}`, { keep_warm: 'when_used' satisfies KeepWarm });
  await until('its workflow', async () => (await row()).workflowSeq > 1);
  return {
    id,
    email,
    row,
    credential: () => database.inTenant(tenantId, (tx) => findCredentialState(tx, id)),
    shown: async () => (await api.call('GET', `/v1/channels/${id}`)).json,
    becomes: (status: string) => until(status, async () => (await row()).status === status),
    checked: (before: Date | null) =>
      until('a check', async () => {
        const { checkedAt, checkRequestedAt } = await row();
        return checkRequestedAt === null && checkedAt !== null && checkedAt > (before ?? new Date(0));
      }),
    asked: async () => (await engine.sandbox.requests('google', 'api', email)).length,
  };
}

/** The stream of an open page. */
async function openPage() {
  const closing = new AbortController();
  const url = `${api.url}/v1/stream?heartbeat_s=2&changes=true`;
  const headers = { authorization: `Bearer ${api.call.key}` };
  const { body } = await fetch(url, { headers, signal: closing.signal });
  let text = '';
  void (async () => {
    for await (const bytes of body!) text += Buffer.from(bytes).toString();
  })().catch(() => {}); // closed
  return { told: () => text, close: () => closing.abort() };
}

const makeOlder = (channelId: string) =>
  engine.context.database.inTenant('acme', (tx) =>
    tx
      .update(credentials)
      .set({ issuedAt: sql`issued_at - interval '5 minutes'` })
      .where(eq(credentials.channelId, channelId)),
  );
const incident = async (channel: string) => (await api.call('GET', `/v1/incidents?channel=${channel}`)).json.data[0];
const sessionRevoked = (sub: string) => sign.token(sign.claimsOf(sub));
const order = (email: string, body: object) =>
  engine.sandbox.call('POST', `/control/accounts/google/${email}/security-events`, body);
const isOver = (minutes: number) => ({
  ...engine.context,
  clock: { now: async () => new Date((await engine.context.clock.now()).getTime() + minutes * 60_000) },
});

const unsigned = (header: object, claims: object) =>
  [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');

describe('a forged security event', () => {
  const strangers = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const forged: Record<string, [(sub: string) => string | Promise<string>, string]> = {
    'signed with another key': [(sub) => sign.token(sign.claimsOf(sub), {}, strangers), 'authentication_failed'],
    'without a signature': [
      (sub) => `${unsigned({ alg: 'none', typ: 'secevent+jwt' }, sign.claimsOf(sub))}.`,
      'invalid_key',
    ],
    'signed with the public key as a secret': [
      (sub) => {
        const input = unsigned({ alg: 'HS256', kid: sign.kid, typ: 'secevent+jwt' }, sign.claimsOf(sub));
        return `${input}.${createHmac('sha256', sign.publicPem).update(input).digest('base64url')}`;
      },
      'invalid_key',
    ],
    'of another issuer': [
      (sub) => sign.token(sign.claimsOf(sub, { iss: 'https://accounts.example/' })),
      'invalid_issuer',
    ],
    'made out to another client': [
      (sub) => sign.token(sign.claimsOf(sub, { aud: 'another.apps.googleusercontent.com' })),
      'invalid_audience',
    ],
    'with the id of an unknown key': [(sub) => sign.token(sign.claimsOf(sub), { kid: 'f00d' }), 'invalid_key'],
    'signed with a key that the issuer has retired': [
      (sub) => sign.token(sign.claimsOf(sub), { kid: 'retired-in-2025' }, strangers),
      'invalid_key',
    ],
    'without a jti': [(sub) => sign.token(sign.claimsOf(sub, { jti: undefined })), 'invalid_request'],
    'with a changed payload': [
      async (sub) => {
        const [header, , signature] = (await sign.token(sign.claimsOf('someone-else'))).split('.');
        return [header, Buffer.from(JSON.stringify(sign.claimsOf(sub))).toString('base64url'), signature].join('.');
      },
      'authentication_failed',
    ],
    'of another type': [(sub) => sign.token(sign.claimsOf(sub), { typ: 'at+jwt' }), 'invalid_request'],
    'that is too large': [(sub) => sign.token(sign.claimsOf(sub, { more: 'x'.repeat(20_000) })), 'invalid_request'],
    'that is no JWT': [() => 'no.token', 'invalid_request'],
    'that is an ID token of the same issuer': [
      (sub) => sign.token(sign.claimsOf(sub, { events: undefined, sub }), { typ: 'JWT' }),
      'invalid_request',
    ],
  };

  it('is refused as RFC 8935 says, and causes no check', async () => {
    const channel = await idle('forged@example.com');
    const { accountProviderId, checkedAt } = await channel.row();
    const asked = await channel.asked();
    for (const [name, [make, err]] of Object.entries(forged)) {
      const answer = await deliver(await make(accountProviderId));
      expect([name, answer.status, answer.error?.err]).toEqual([name, 400, err]);
    }
    expect(await channel.row()).toMatchObject({ checkRequestedAt: null, checkedAt, status: 'connected' });
    expect(await channel.asked()).toBe(asked);
  });
});

describe('a security event', () => {
  it('about a healthy grant renews its token and changes nothing else, and is one event however often it comes', async () => {
    const channel = await idle('healthy@example.com');
    await makeOlder(channel.id);
    const before = await channel.row();
    const asked = await channel.asked();
    const token = await sessionRevoked(before.accountProviderId);
    const taken = { status: 202, error: null };
    expect(await Promise.all([deliver(token), deliver(token)])).toEqual([taken, taken]);
    await channel.checked(before.checkedAt);
    expect((await deliver(token)).status).toBe(202);
    await order(channel.email, { event: 'account-enabled' });
    await channel.checked((await channel.row()).checkedAt);
    const { status, credentialVersion, reasonTold, incidentId } = await channel.row();
    expect({ status, credentialVersion, reasonTold, incidentId }).toEqual({
      status: 'connected',
      credentialVersion: before.credentialVersion + 1,
      reasonTold: false,
      incidentId: null,
    });
    const old = sign.claimsOf(before.accountProviderId, { iat: Math.floor(Date.now() / 1000) - 31 * 86_400 });
    expect(await deliver(await sign.token(old))).toEqual(taken);
    expect((await channel.row()).checkRequestedAt).toBe(null);
    // One call for each of the two events of today.
    expect((await channel.asked()) - asked).toBe(2);
    expect((await deliver(await sessionRevoked('1000000000000'))).status).toBe(202);
  });

  it('finds a withdrawn grant on channels of every tenant within seconds, and is certain of it after a minute', async () => {
    const email = 'withdrawn@example.com';
    const channels = [
      await idle(email),
      await idle(email, { tenantId: 'globex' }),
      await idle(email, { over: 'imap' }),
    ];
    await engine.sandbox.fault('google', email, 'access_revoked');
    for (const channel of channels) await channel.becomes('reauth_required');
    for (const { row } of channels)
      expect(await row()).toMatchObject({ statusReason: 'access_revoked', reasonTold: false });
    expect((await channels[0]!.shown()).access.causes.access_revoked).toContain('the password changed, or');
    const page = await openPage();
    await settleCauses(isOver(2));
    // The refusal has its event; an open page learns of the cause that is certain later.
    for (const { id } of channels)
      await until('the page', () => page.told().includes(`event: changed\ndata: {"channel":"${id}"}`));
    page.close();
    for (const { row } of channels)
      expect(await row()).toMatchObject({ statusReason: 'access_revoked', reasonTold: true });
    expect((await channels[0]!.shown()).access.causes).toEqual({});
  });

  it('finds a grant that ended before its access token by a refresh, and costs a healthy one a refresh a minute at most', async () => {
    const [ended, healthy] = [await idle('outlived@example.com'), await idle('sound@example.com')];
    for (const { id } of [ended, healthy]) await makeOlder(id);
    const before = await healthy.row();
    // Ends the refresh token alone, and is told by no event of its own.
    await engine.sandbox.fault('google', ended.email, 'token_idle_expired');
    await order(ended.email, { event: 'tokens-revoked' });
    await ended.becomes('reauth_required');
    expect(await ended.row()).toMatchObject({ statusReason: 'access_revoked', credentialVersion: 1 });
    for (const event of ['tokens-revoked', 'sessions-revoked', 'tokens-revoked']) {
      const { checkedAt } = await healthy.row();
      await order(healthy.email, { event });
      await healthy.checked(checkedAt);
    }
    const { status, credentialVersion, refreshRequestedAt } = await healthy.row();
    expect({ status, credentialVersion }).toEqual({
      status: 'connected',
      credentialVersion: before.credentialVersion + 1,
    });
    const { issuedAt } = (await healthy.credential())!;
    expect(refreshRequestedAt?.getTime()).toBe(issuedAt!.getTime() + 60_000);
    expect(await engine.sandbox.requests('google', 'token', healthy.email)).toHaveLength(2);
  });

  it('tells a changed password from a withdrawn access, although the token endpoint answers both alike', async () => {
    const channel = await idle('changed@example.com');
    await engine.sandbox.fault('google', channel.email, 'password_changed');
    await channel.becomes('reauth_required');
    await until('the cause', async () => (await channel.row()).statusReason === 'password_changed');
    await settleCauses(isOver(2));
    expect(await channel.row()).toMatchObject({ statusReason: 'password_changed', reasonTold: true });
    expect((await channel.shown()).access.causes).toEqual({});
    expect((await incident(channel.id)).reason).toBe('password_changed');
    const timeline = (await api.call('GET', `/v1/channels/${channel.id}/timeline`)).json.data as { type: string }[];
    expect(timeline.filter(({ type }) => type === 'channel.reauth_required')).toHaveLength(1);
  });

  it('blocks a disabled account with its reason, and brings it back at once', async () => {
    const channel = await idle('hijacked@example.com');
    const { id } = await engine.sandbox.fault('google', channel.email, 'account_disabled');
    await channel.becomes('blocked');
    expect(await channel.row()).toMatchObject({ statusReason: 'account_disabled', providerCode: 'hijacking' });
    await engine.sandbox.mend(id);
    await channel.becomes('connected');
  });

  it('names one refresh token by its beginning or its hash: only the channels that rest on it are checked', async () => {
    const email = 'one-token@example.com';
    const first = await idle(email);
    const second = await idle(email, { tenantId: 'globex' });
    expect((await second.credential())?.tokenIdentifiers).toHaveLength(2);
    for (const token of ['prefix', 'hash']) {
      const { checkedAt } = await second.row();
      await order(email, { event: 'token-revoked', token });
      await second.checked(checkedAt);
    }
    expect((await first.row()).checkedAt).toBe(null);
    // A refresh that brings another refresh token has its names from then on.
    const { context } = engine;
    const stored = async () => {
      const credential = await context.database.inTenant('globex', (tx) => findCredential(tx, second.id));
      const oauth = context.providers.get('gmail')!.signIn.oauth[0]!;
      const named = tokenIdentifiersOf(context, oauth, await openSecret(context, credential!));
      return { named, identifiers: credential!.tokenIdentifiers, secretVersion: credential!.secretVersion };
    };
    const before = await stored();
    await engine.sandbox.settings('google', { refresh_rotation: 'tolerant' });
    await api.call('POST', `/v1/channels/${second.id}/refresh`, {});
    await until('another token', async () => (await stored()).secretVersion > before.secretVersion);
    await engine.sandbox.settings('google', { refresh_rotation: 'none' });
    const after = await stored();
    expect(after.identifiers).toEqual(after.named);
    expect(after.identifiers).not.toEqual(before.identifiers);
  });

  it('is not sent while pushes are dropped; its receiver answers the verification that was asked for', async () => {
    const channel = await idle('dropped@example.com');
    await engine.sandbox.fault('google', channel.email, 'push_dropped', { times: 1 });
    await order(channel.email, { event: 'sessions-revoked' });
    await order(channel.email, { event: 'sessions-revoked' });
    await channel.checked(null);
    const pushes = (await engine.sandbox.requests('google', 'push')) as { operation?: string; status: number }[];
    const verification = pushes.find(({ operation }) => operation === 'security-event verification');
    expect(verification?.status).toBe(202);
    await expect(order(channel.email, { event: 'unheard-of' })).rejects.toThrow('422');
    expect((await api.call('POST', '/push/microsoft/security-events', '')).status).toBe(404);
  });

  it('goes to the project’s own receiver where there is one: a start leaves it, and warns', async () => {
    const { providers, config } = engine.context;
    const { stream } = providers.get('gmail')!.signIn.oauth[0]!.securityEvents!;
    const warned: object[] = [];
    const logger = { warn: (fields: object) => void warned.push(fields) } as unknown as typeof engine.context.logger;
    const start = () => registerFirstReceivers({ providers, config: { ...config, publicUrl: api.url }, logger });
    const own = `${api.url}/push/google/security-events`;
    await start();
    expect(warned).toEqual([]);
    const foreign = `${api.url}/another/receiver`;
    await stream!.register(foreign);
    await start();
    expect(await stream!.receiver()).toBe(foreign);
    expect(warned).toEqual([{ provider: 'google', receiver: foreign }]);
    expect(await registerReceiver({ provider: 'google', stream: stream! }, api.url)).toEqual({
      url: own,
      replaced: foreign,
    });
  });
});
