import { createPublicKey, createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UnsecuredJWT, generateKeyPair } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { listCursors } from '../../db/imports/cursors.ts';
import { findChannel, updateChannel } from '../../db/channels/channels.ts';
import { takeNudge } from '../../db/channels/nudges.ts';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { AUDIENCE, PUSH_VARIABLES, envelopeOf, googleSigning } from '../push/pushing.ts';

const EMAIL = 'pushed@example.com';
const TENANTS = ['acme', 'globex'];

/* Pushes to `POST /push/google`, over HTTP, with tokens signed by the sandbox's Google or by a forger. */
let stage: Stage;
let api: Api;
let sign: ReturnType<typeof googleSigning>;
let channels: { tenantId: string; id: string }[];
const signalled = () => (stage.context.temporal as unknown as { told: string[] }).told;

beforeAll(async () => {
  stage = await raiseStage({ variables: PUSH_VARIABLES });
  api = await startApi(stage.context);
  sign = googleSigning(stage.dir);
  channels = [];
  for (const tenantId of TENANTS) {
    channels.push({ tenantId, id: channelOf(await connectGmail(stage, EMAIL, { tenantId })) });
  }
}, 180_000);
afterAll(async () => {
  await api.close();
  await stage.close();
});

/** As after a look: no fact waits, and no workflow was signalled. */
beforeEach(async () => {
  for (const { tenantId, id } of channels) {
    await stage.context.database.inTenant(tenantId, async (tx) => {
      await updateChannel(tx, id, { pollRequestedAt: null });
      await takeNudge(tx, id);
    });
  }
  signalled().length = 0;
});

function first() {
  const [channel] = channels;
  if (!channel) throw new Error('nothing is connected');
  return channel;
}

const push = (token: string | null, body: unknown = envelopeOf(EMAIL, 999_999_999)) =>
  api.request('POST', '/push/google', { body, headers: token === null ? {} : { authorization: `Bearer ${token}` } });

const asked = async () => {
  const rows = channels.map(({ tenantId, id }) =>
    stage.context.database.inTenant(tenantId, (tx) => findChannel(tx, id)),
  );
  return (await Promise.all(rows)).filter((row) => row?.pollRequestedAt != null).map((row) => row?.id);
};

describe('a push', () => {
  it('needs no API key, is a fact before it is acknowledged, and reaches the mailbox’s channels of every tenant', async () => {
    expect(await push(await sign())).toMatchObject({ status: 204, text: '' });
    const ids = channels.map(({ id }) => id);
    expect(await asked()).toEqual(ids);
    expect([...signalled()].sort()).toEqual([...ids].sort());
  });

  it('names the mailbox in any spelling', async () => {
    expect((await push(await sign(), envelopeOf('Pushed@Example.COM', '999999999'))).status).toBe(204);
    expect(await asked()).toHaveLength(2);
  });

  it('is one signal a channel, however many come before its workflow looks', async () => {
    const token = await sign();
    const answers = await Promise.all(Array.from({ length: 200 }, () => push(token)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([204]));
    expect(signalled()).toHaveLength(2);
  }, 60_000);

  it('about what is stored already asks for nothing', async () => {
    const { tenantId, id } = first();
    const [head] = await stage.context.database.inTenant(tenantId, (tx) => listCursors(tx, id));
    const { historyId } = JSON.parse(head?.cursor ?? '') as { historyId: string };
    for (const old of [historyId, Number(historyId) - 1, 1]) {
      expect((await push(await sign(), envelopeOf(EMAIL, old))).status).toBe(204);
    }
    expect(await asked()).toEqual([]);
    expect((await push(await sign(), envelopeOf(EMAIL, Number(historyId) + 1))).status).toBe(204);
    expect(await asked()).toHaveLength(2);
  });

  it('for an unknown mailbox is acknowledged: refused, it would come again for days', async () => {
    expect((await push(await sign(), envelopeOf('stranger@example.com', 5))).status).toBe(204);
    expect(await asked()).toEqual([]);
  });

  it.each(['paused', 'reauth_required', 'disconnected'])('to a channel that is %s asks for nothing', async (status) => {
    const { tenantId, id } = first();
    const set = (to: string) =>
      stage.context.database.inTenant(tenantId, (tx) => updateChannel(tx, id, { status: to } as object));
    await set(status);
    expect((await push(await sign())).status).toBe(204);
    await set('connected');
    expect(await asked()).toEqual([channels[1]?.id]);
  });

  it.each([['gap'], ['off']] as const)('to a channel whose import is %s asks for nothing', async (importMode) => {
    const { tenantId, id } = first();
    const set = (mode: 'gap' | 'off' | 'continuous') =>
      stage.context.database.inTenant(tenantId, (tx) => updateChannel(tx, id, { importMode: mode }));
    await set(importMode);
    expect((await push(await sign())).status).toBe(204);
    await set('continuous');
    expect(await asked()).toEqual([channels[1]?.id]);
  });

  it.each([
    ['without a message', {}],
    ['that is no base64', { message: { data: '%%%' } }],
    ['that is no JSON', { message: { data: Buffer.from('hello').toString('base64') } }],
    ['without a history id', { message: { data: Buffer.from('{"emailAddress":"a@b.c"}').toString('base64') } }],
    ['with a history id that is none', envelopeOf(EMAIL, 'latest')],
  ])('%s is a 400', async (_what, body) => {
    expect(await push(await sign(), body)).toMatchObject({ status: 400, json: { code: 'validation_failed' } });
    expect(await asked()).toEqual([]);
  });

  it('that is larger than any of Pub/Sub’s for Gmail is refused unread', async () => {
    const body = { ...envelopeOf(EMAIL, 5), filling: 'x'.repeat(200_000) };
    expect((await push(await sign(), body)).status).toBe(413);
  });

  it('of a provider that pushes nothing is a 404', async () => {
    expect((await api.request('POST', '/push/imap', { body: {} })).status).toBe(404);
    expect((await api.request('POST', '/push/nobody', { body: {} })).status).toBe(404);
  });
});

describe('a forged push', () => {
  const forgeries: [string, () => Promise<string | null> | string | null][] = [
    ['without a token', () => null],
    ['with a token that is none', () => 'rubbish'],
    ['made out to another audience', () => sign({ aud: 'https://elsewhere.example/push' })],
    ['without an audience', () => sign({ aud: undefined })],
    ['issued by another issuer', () => sign({ iss: 'https://accounts.example.com' })],
    ['expired', () => sign({}, { lifeS: -120 })],
    ['that never expires', () => sign({ exp: undefined })],
    ['of another service account', () => sign({ email: 'somebody@else.iam.gserviceaccount.com' })],
    ['of an address that Google has not verified', () => sign({ email_verified: false })],
    ['signed with another key', async () => sign({}, { signWith: (await generateKeyPair('RS256')).privateKey })],
    ['signed with the public key as a password', () => sign({}, { alg: 'HS256', signWith: publicKeyAsPassword() })],
    ['that is not signed', () => new UnsecuredJWT({ aud: AUDIENCE, iss: 'https://accounts.google.com' }).encode()],
  ];

  it.each(forgeries)('%s is refused, and changes nothing', async (_how, forge) => {
    const answer = await push(await forge());
    expect(answer).toMatchObject({ status: 401, json: { code: 'push_not_authentic', retryable: false } });
    expect(await asked()).toEqual([]);
    expect(signalled()).toEqual([]);
  });

  it('shows in the figures', async () => {
    await push('rubbish');
    await push(await sign());
    const { text } = await api.call('GET', '/metrics');
    expect(text).toMatch(/mooring_pushes_total\{provider="google",outcome="forged"\} [1-9]/);
    expect(text).toMatch(/mooring_pushes_total\{provider="google",outcome="news"\} [1-9]/);
  });
});

it('a push that cannot be verified for want of Google’s keys is asked for again', async () => {
  const lonely = await raiseStage({ variables: { ...PUSH_VARIABLES, GOOGLE_JWKS_URL: 'http://127.0.0.1:1/certs' } });
  const itsApi = await startApi(lonely.context);
  const headers = { authorization: `Bearer ${await googleSigning(lonely.dir)()}` };
  const answer = await itsApi.request('POST', '/push/google', { body: envelopeOf(EMAIL, 5), headers });
  expect(answer).toMatchObject({ status: 503, json: { code: 'provider_unavailable', retryable: true } });
  await itsApi.close();
  await lonely.close();
}, 60_000);

function publicKeyAsPassword(): Uint8Array {
  const stored = JSON.parse(readFileSync(join(stage.dir, 'sandbox/google-client.json'), 'utf8')) as {
    signing_key: string;
  };
  const pem = createPublicKey(createPrivateKey(stored.signing_key)).export({ type: 'spki', format: 'pem' });
  return Buffer.from(pem);
}
