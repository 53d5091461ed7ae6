import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkChannel } from '../../credentials/check.ts';
import { REFRESH_TIMING } from '../../credentials/send-refresh.ts';
import { refreshCredential } from '../../credentials/refresh.ts';
import { lookAtChannel } from '../../channels/look.ts';
import { readConfig } from '../../runtime/config.ts';
import type { Context } from '../../runtime/context.ts';
import { createProviders } from '../../providers/registry.ts';
import { channelOf, connectImap } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { declaring } from './declaring.ts';
import {
  answering,
  cutting,
  dripping,
  halfClosing,
  pouring,
  resetting,
  startHostileEndpoint,
} from './hostile-endpoint.ts';
import type { Behaviour, HostileEndpoint } from './hostile-endpoint.ts';
import { setScene, TENANT } from './scene.ts';

const HOUR_MS = 3_600_000;
const LONGEST_LIFE_MS = 24 * HOUR_MS;
const MEBIBYTE = 1024 * 1024;
/** What is poured. A process that takes it whole grows by a multiple of what garbage not yet collected can make. */
const POURED_BYTES = 2048 * MEBIBYTE;
const MOST_GROWTH_BYTES = POURED_BYTES / 4;

const scene = setScene();
let endpoint: HostileEndpoint;
let context: Context;
beforeAll(async () => {
  endpoint = await startHostileEndpoint();
  context = at(endpoint.url);
});
afterAll(() => endpoint?.close());

/** Our adapter, sure of an endpoint that never rotates, with the token endpoint there. */
function at(tokenUrl: string, mode: 'none' | 'strict' = 'none'): Context {
  const { providers } = readConfig({ ...scene.stage.environment, GOOGLE_TOKEN_URL: tokenUrl });
  return declaring({ ...scene.stage.context, providers: createProviders(providers) }, { mode });
}

const whole = (more: object) =>
  JSON.stringify({ access_token: secret('access-token'), token_type: 'Bearer', expires_in: 3600, ...more });

let channels = 0;
/** A channel at version 2: its first refresh has shown that the refresh token stays. */
async function connect(): Promise<string> {
  const id = await scene.connect(`hostile-${++channels}@example.com`);
  endpoint.behave(answering(whole({})));
  expect(await refresh(id)).toBe('refreshed');
  return id;
}

async function refresh(channelId: string, of: Context = context, tokenTimeoutMs = 60_000): Promise<string> {
  const { version } = (await scene.read(channelId)).credential;
  const input = { tenantId: TENANT, accessType: 'gmail', channelId, version } as const;
  return refreshCredential(of, input, { ...REFRESH_TIMING, tokenTimeoutMs });
}

/** How far this process grows while `work` is done, in bytes. */
async function growthDuring(work: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage.rss();
  let most = before;
  const timer = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 5);
  await work();
  clearInterval(timer);
  return Math.max(most, process.memoryUsage.rss()) - before;
}

/** Members of a gzip file may follow one another (RFC 1952, section 2.2). */
function gzipBomb(): Buffer {
  const memberBytes = 64 * MEBIBYTE;
  const member = gzipSync(Buffer.alloc(memberBytes));
  return Buffer.concat(Array.from({ length: POURED_BYTES / memberBytes }, () => member));
}

const RUBBISH: [string, Behaviour][] = [
  ['a portal’s page', answering('<html><body>Welcome to our WiFi</body></html>', { 'content-type': 'text/html' })],
  ['JSON that breaks off', answering(whole({}).slice(0, -9))],
  ['half of what was announced', cutting(whole({}), 20)],
  ['nothing', answering('')],
  ['2 GB', pouring(POURED_BYTES)],
  ['a gzip bomb', answering(gzipBomb(), { 'content-encoding': 'gzip' })],
  ['no access token', answering(JSON.stringify({ refresh_token: 'r', expires_in: 3600 }))],
  ...[7, true, null, {}, ['a']].map((access_token): [string, Behaviour] => [
    `an access token that is ${JSON.stringify(access_token)}`,
    answering(whole({ access_token })),
  ]),
];

describe('R-12: rubbish with status 200', () => {
  test.for(RUBBISH)(
    '%s replaces nothing, sends nobody to sign in, and is over with the next answer',
    async ([, behaviour]) => {
      const id = await connect();
      const before = (await scene.read(id)).credential;
      endpoint.behave(behaviour);
      const growth = await growthDuring(async () => expect(await refresh(id)).toBe('refused'));
      expect(growth).toBeLessThan(MOST_GROWTH_BYTES);
      const { channel, credential } = await scene.read(id);
      const { version, secretVersion, sealedSecret, accessTokenJwe, expiresAt } = before;
      expect(credential).toMatchObject({ version, secretVersion, sealedSecret, accessTokenJwe, expiresAt });
      expect(channel).toMatchObject({ status: 'degraded', action: 'none' });
      expect(await scene.isServed(id)).toBe(true);
      endpoint.behave(answering(whole({})));
      expect(await refresh(id)).toBe('refreshed');
      expect((await scene.read(id)).channel).toMatchObject({ status: 'connected', credentialVersion: 3 });
    },
  );
});

describe('R-12: an answer that is strange, and good', () => {
  test.for([
    ['a life of 0', { expires_in: 0 }, HOUR_MS],
    ['a life of -1', { expires_in: -1 }, HOUR_MS],
    ['a life as text', { expires_in: '1800' }, HOUR_MS / 2],
    ['a life of 1e15 seconds', { expires_in: 1e15 }, LONGEST_LIFE_MS],
    ['a life in words', { expires_in: 'soon' }, HOUR_MS],
    ['no life', { expires_in: undefined }, HOUR_MS],
    ['no refresh token', { refresh_token: undefined }, HOUR_MS],
    ['an empty refresh token', { refresh_token: '' }, HOUR_MS],
    ['a refresh token that is a number', { refresh_token: 7 }, HOUR_MS],
    ['scopes that are a list', { scope: ['a', 'b'] }, HOUR_MS],
  ] as const)(
    'rule 4: %s: the token is taken, the refresh token kept, and there is no loop',
    async ([, more, lifeMs]) => {
      const id = await connect();
      const { sealedSecret } = (await scene.read(id)).credential;
      endpoint.behave(answering(whole(more)));
      const startedAt = Date.now();
      expect(await refresh(id)).toBe('refreshed');
      const { channel, credential } = await scene.read(id);
      expect(credential).toMatchObject({ version: 3, secretVersion: 1, sealedSecret });
      const expiresAfterMs = credential.expiresAt!.getTime() - startedAt;
      expect(expiresAfterMs).toBeGreaterThanOrEqual(lifeMs - 1_000);
      expect(expiresAfterMs).toBeLessThan(lifeMs + 60_000);
      expect(channel.status).toBe('connected');
      await lookAtChannel(context, { tenantId: TENANT, channelId: id, seq: 1_000_000 });
      const { nextRefreshAt } = (await scene.read(id)).channel;
      expect(nextRefreshAt!.getTime() - startedAt).toBeGreaterThan(lifeMs / 2);
    },
  );
});

const form = (json: string) => new URLSearchParams(JSON.parse(json) as Record<string, string>).toString();

describe('rule 4: under strict rotation', () => {
  const ODD: [string, (json: string) => Behaviour][] = [
    ['a byte order mark', (json) => answering(`\ufeff${json}`)],
    ['a form', (json) => answering(form(json), { 'content-type': 'application/x-www-form-urlencoded' })],
    ['status 201', (json) => answering(json, {}, '201 Created')],
    ['a type of null and a life of NaN', (json) => answering(json.replace('"Bearer"', 'null').replace('3600', 'NaN'))],
  ];
  test.for(ODD)('a token in %s is stored with its successor', async ([, dress]) => {
    const strict = at(endpoint.url, 'strict');
    const id = await scene.connect(`strict-${++channels}@example.com`);
    for (let version = 2; version < 4; version++) {
      endpoint.behave(dress(whole({ refresh_token: secret('refresh-token') })));
      expect(await refresh(id, strict)).toBe('refreshed');
      const { channel, credential } = await scene.read(id);
      expect(credential).toMatchObject({ version, secretVersion: version });
      expect(channel.status).toBe('connected');
    }
  });

  test('a success without a token keeps the old one unspent until the access token ends', async () => {
    const strict = at(endpoint.url, 'strict');
    const id = await scene.connect(`strict-${++channels}@example.com`);
    endpoint.behave(answering(whole({ refresh_token: secret('refresh-token') })));
    expect(await refresh(id, strict)).toBe('refreshed');
    endpoint.behave(answering('<html>Welcome to our WiFi</html>'));
    expect(await refresh(id, strict)).toBe('refused');
    endpoint.behave(answering(JSON.stringify({ error: 'invalid_grant', error_description: 'reused: revoked' })));
    expect(await refresh(id, strict)).toBe('unknown');
    expect((await scene.read(id)).channel).toMatchObject({ status: 'degraded', action: 'none' });
    expect(await scene.isServed(id)).toBe(true);
  });
});

describe('R-11: a token endpoint that fails as networks do', () => {
  const FAILURES: [string, Behaviour][] = [
    ['a byte a second', dripping(whole({}))],
    ['a reset', resetting],
    ['a half-close', halfClosing],
  ];
  test.for(FAILURES)('%s is trouble that nobody has to act on, and ends with it', async ([, behaviour]) => {
    const id = await connect();
    endpoint.behave(behaviour);
    expect(await refresh(id, context, 2_500)).toBe('refused');
    expect((await scene.read(id)).channel).toMatchObject({
      status: 'degraded',
      statusReason: 'network',
      action: 'none',
    });
    expect((await scene.read(id)).credential).toMatchObject({ version: 2, leaseOwner: null });
    expect(await scene.isServed(id)).toBe(true);
    endpoint.behave(answering(whole({})));
    expect(await refresh(id)).toBe('refreshed');
    expect((await scene.read(id)).channel).toMatchObject({ status: 'connected', credentialVersion: 3 });
  });

  test('a name that does not resolve spends no token', async () => {
    const id = await connect();
    expect(await refresh(id, at('http://no-such-host.invalid/token'))).toBe('refused');
    expect((await scene.read(id)).channel).toMatchObject({
      status: 'degraded',
      statusReason: 'network',
      action: 'none',
    });
    expect(await scene.probeTime(id)).toBeNull();
    expect(await scene.refresh(id)).toBe('refreshed');
  });

  test('while many wait for one provider, another’s account is checked as ever', async () => {
    const email = 'beside@imap.example.com';
    const password = secret('password');
    await scene.stage.sandbox.account('imap', email, { password });
    const imap = channelOf(await connectImap(scene.stage, email, password));
    const ids: string[] = [];
    for (let i = 0; i < 20; i++) ids.push(await connect());
    endpoint.behave(dripping(whole({})));
    const waiting = Promise.all(ids.map((id) => refresh(id, context, 8_000)));
    for (let i = 0; i < 3; i++) {
      expect(await checkChannel(context, { tenantId: TENANT, channelId: imap })).toMatchObject({ ok: true });
    }
    expect(await Promise.race([waiting, Promise.resolve('still waiting')])).toBe('still waiting');
    expect(new Set(await waiting)).toEqual(new Set(['refused']));
  });
});
