import { afterAll, beforeAll, expect, test } from 'vitest';
import { completeSignIn } from '../../connections/complete-sign-in.ts';
import { readConfig } from '../../runtime/config.ts';
import type { Context } from '../../runtime/context.ts';
import { Secret } from '../../domain/secret.ts';
import { createProviders } from '../../providers/registry.ts';
import { LINK_SPEC, channelOf } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { CLIENT_ID, CLIENT_SECRET, startOidcServer } from './oidc-server.ts';
import type { OidcServer } from './oidc-server.ts';
import { startRefresher } from './refresher-process.ts';
import { setScene, TENANT } from './scene.ts';

const scene = setScene();
const servers: OidcServer[] = [];
const [strict, tolerant] = [() => servers[0]!, () => servers[1]!];
beforeAll(async () => {
  servers.push(await startOidcServer({ rotates: true }), await startOidcServer({ rotates: false }));
});
afterAll(() => Promise.all(servers.map((server) => server.close())));

const environmentOf = ({ tokenUrl }: OidcServer) => ({
  ...scene.stage.environment,
  GOOGLE_TOKEN_URL: tokenUrl,
  GOOGLE_CLIENT_ID: CLIENT_ID,
  GOOGLE_CLIENT_SECRET: CLIENT_SECRET,
});

/** Our own adapter, with that server in Google's place. */
function at(server: OidcServer): Context {
  const config = readConfig(environmentOf(server));
  return { ...scene.stage.context, config, providers: createProviders(config.providers) };
}

async function connect(server: OidcServer, email: string) {
  const { refreshToken, isLive } = await server.newGrant(email);
  const tokens = {
    accessToken: new Secret(secret('access-token')),
    tokenType: 'Bearer',
    refreshToken: new Secret(refreshToken),
    expiresInSeconds: 3600,
    scopes: null,
    context: {},
  };
  const account = { email, login: email, providerId: email };
  const result = await completeSignIn(at(server), {
    tenantId: TENANT,
    link: null,
    accessType: 'gmail',
    spec: { ...LINK_SPEC, import: 'off' },
    credential: { kind: 'oauth', provider: 'google', tokens, askedAt: new Date() },
    proof: {
      identity: {
        account,
        mailboxKey: email,
        serverKey: null,
        vouchesForAddress: false,
        grantKey: email,
        proved: 'a grant was made',
      },
      heads: [],
      aside: [],
    },
    coveredUntil: null,
  });
  return { channelId: channelOf(result), isLive, answered: () => server.answered.length };
}

test(
  '200 refreshes, 21 callers, 3 processes: 200 requests, and a strict grant survives',
  { timeout: 180_000 },
  async () => {
    const { channelId, isLive } = await connect(strict(), 'race@example.com');
    const before = strict().answered.length;
    const outcomes = await Promise.all(
      [1, 2, 3].map(
        () =>
          startRefresher({
            environment: environmentOf(strict()),
            aheadMs: scene.aheadMs,
            do: 'race',
            input: { tenantId: TENANT, accessType: 'gmail', channelId, version: 1 },
            callers: 7,
            untilVersion: 201,
          }).outcome,
      ),
    );
    for (const outcome of outcomes) expect(Object.keys(outcome as object).sort()).not.toContain('refused');
    const statuses = strict().answered.slice(before);
    expect(statuses).toHaveLength(200);
    expect(new Set(statuses)).toEqual(new Set([200]));
    const { channel, credential } = await scene.read(channelId);
    expect(credential).toMatchObject({ version: 201, secretVersion: 201, rotation: 'strict' });
    expect(channel).toMatchObject({ status: 'connected', credentialVersion: 201 });
    expect(await isLive()).toBe(true);
  },
);

test('R-02: an answer lost on its way costs a tolerant server’s user nothing', async () => {
  const { channelId } = await connect(tolerant(), 'tolerant@example.com');
  const context = at(tolerant());
  await scene.refresh(channelId, context);
  for (let version = 2; version < 20; version++) {
    tolerant().loseAnswers(1);
    expect(await scene.refresh(channelId, context)).toBe('refused');
    expect(await scene.refresh(channelId, context)).toBe('refreshed');
  }
  expect((await scene.read(channelId)).channel).toMatchObject({ status: 'connected', credentialVersion: 20 });
  expect(await scene.events(channelId, 'channel.reauth_required')).toEqual([]);
});

test('R-04: a strict server’s user is asked once, at the end of the old token, and the grant was not spent before', async () => {
  const { channelId, isLive, answered } = await connect(strict(), 'lost@example.com');
  const context = at(strict());
  await scene.refresh(channelId, context);
  strict().loseAnswers(1);
  expect(await scene.refresh(channelId, context)).toBe('refused');
  const sent = answered();
  await scene.advance(3_580_000);
  expect(await scene.refresh(channelId, context)).toBe('unknown');
  expect(answered()).toBe(sent);
  expect(await isLive()).toBe(true);
  expect(await scene.isServed(channelId)).toBe(true);
  await scene.advance(12_000);
  expect(await scene.refresh(channelId, context)).toBe('refused');
  expect(await isLive()).toBe(false);
  expect((await scene.read(channelId)).channel).toMatchObject({
    status: 'reauth_required',
    statusReason: 'refresh_outcome_unknown',
  });
  expect(await scene.events(channelId, 'channel.reauth_required')).toHaveLength(1);
  expect((await connect(strict(), 'lost@example.com')).channelId).toBe(channelId);
  expect(await scene.refresh(channelId, context)).toBe('refreshed');
});

test(
  'R-01 and R-05: killed before the request or after the answer was stored, one request is all there is',
  { timeout: 90_000 },
  async () => {
    for (const killAt of ['refresh.planned', 'refresh.sealed'] as const) {
      const { channelId, isLive, answered } = await connect(strict(), `${killAt.replace('.', '-')}@example.com`);
      const sent = answered();
      const task = {
        environment: { ...environmentOf(strict()), MOORING_KILL_AT: killAt },
        aheadMs: scene.aheadMs,
        do: 'refresh' as const,
        input: { tenantId: TENANT, accessType: 'gmail' as const, channelId, version: 1 },
      };
      expect(await startRefresher(task).outcome).toBeNull();
      await scene.advance(16_000);
      expect(await scene.refresh(channelId, at(strict()))).toBe('refreshed');
      expect(answered() - sent).toBe(1);
      expect(await isLive()).toBe(true);
    }
  },
);
