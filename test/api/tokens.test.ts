import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectTemporal } from '../../runtime/temporal.ts';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { channelOf, connectGmail, connectImap } from '../support/connect.ts';
import { raiseEngine } from '../support/engine.ts';
import type { Engine } from '../support/engine.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';

const PASSWORD = secret('password');

let engine: Engine;
let api: Api;
let sql: postgres.Sql;
let count = 0;

beforeAll(async () => {
  engine = await raiseEngine(await raiseStage(), { timeSkipping: false });
  api = await startApi(engine.context);
  sql = postgres(engine.databaseUrl, { max: 2 });
}, 120_000);
afterAll(async () => {
  await sql?.end();
  await api?.close();
  await engine?.close();
}, 60_000);

async function gmail(): Promise<{ id: string; email: string }> {
  const email = `reader-${++count}@example.com`;
  await engine.sandbox.account('google', email, { password: PASSWORD });
  return { id: channelOf(await connectGmail(engine, email)), email };
}

/** Puts a token at a place in its life, as if time had passed. */
const age = (id: string, secondsLeft: number) =>
  sql`update credentials set issued_at = now() + ${secondsLeft} * interval '1 s' - interval '1 h',
      expires_at = now() + ${secondsLeft} * interval '1 s' where channel_id = ${id}`;
const read = (id: string, query = '') => api.call('GET', `/v1/channels/${id}/access-token${query}`);
const refreshes = async (email: string) =>
  (await engine.sandbox.requests('google', 'token', email)).filter((request) => request.grant_type === 'refresh_token');

async function until<T>(probe: () => Promise<T | false | null | undefined>, ms = 15_000): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > deadline) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
const statusIs = (id: string, status: string) =>
  until(async () => {
    const { json } = await api.call('GET', `/v1/channels/${id}`);
    return json.status === status && json;
  });

describe('reading an access token', () => {
  test('a fresh one costs one audit row and touches nothing else', async () => {
    const { id } = await gmail();
    const { status, json, headers } = await read(id);
    expect({ status, json }).toMatchObject({ status: 200, json: { version: 1, token_type: 'Bearer' } });
    expect(headers.get('cache-control')).toBe('no-store');
    const reads = await sql`select api_key_id, version, tenant_id from token_reads where channel_id = ${id}`;
    expect(reads).toEqual([{ api_key_id: api.call.id, version: 1, tenant_id: 'acme' }]);
  });

  test('rule 3: three hundred readers of an expired token are one token request', async () => {
    const { id, email } = await gmail();
    await age(id, -1);
    const answers = await Promise.all(Array.from({ length: 300 }, () => read(id)));
    expect(new Set(answers.map(({ status, json }) => `${status} ${json.version}`))).toEqual(new Set(['200 2']));
    expect(await refreshes(email)).toHaveLength(1);
    expect(await sql`select count(*)::int as n from token_reads where channel_id = ${id}`).toEqual([{ n: 300 }]);
  }, 30_000);

  test('what is left is served when the provider is down, and nothing that has expired', async () => {
    const { id, email } = await gmail();
    const { id: fault } = await engine.sandbox.fault('google', email, 'unavailable', { kind: 'token' });
    await age(id, 40);
    expect(await read(id)).toMatchObject({ status: 200, json: { version: 1 } });
    await age(id, 1_000);
    expect(await read(id, '?min_life_s=1500')).toMatchObject({ status: 200, json: { version: 1 } });
    await age(id, 3);
    const late = await read(id);
    expect(late).toMatchObject({ status: 503, json: { code: 'token_unavailable', retryable: true } });
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0);
    await engine.sandbox.mend(fault);
  }, 60_000);

  test('min_life_s asks for more, and is content with half a life', async () => {
    const { id, email } = await gmail();
    await age(id, 1_000);
    expect((await read(id)).json.version).toBe(1);
    expect((await read(id, '?min_life_s=1500')).json.version).toBe(2);
    expect((await read(id, '?min_life_s=86400')).json.version).toBe(2);
    expect(await refreshes(email)).toHaveLength(1);
    expect((await read(id, '?min_life_s=soon')).status).toBe(400);
  }, 30_000);

  test('keep_warm when_used: it sleeps until its keep-alive, and the next read refreshes', async () => {
    const { id, email } = await gmail();
    expect((await api.call('PATCH', `/v1/channels/${id}`, { keep_warm: 'when_used' })).status).toBe(200);
    await age(id, -7_200);
    expect(await read(id)).toMatchObject({ status: 200, json: { version: 2 } });
    const sleeping = await until(async () => {
      const { json } = await api.call('GET', `/v1/channels/${id}`);
      return Date.parse(json.next_refresh_at) > Date.now() + 86_400_000 && json;
    });
    expect(sleeping).toMatchObject({ keep_warm: 'when_used', credential_version: 2 });
    expect(await refreshes(email)).toHaveLength(1);
  }, 30_000);

  test('rule 6: a fresh token is served also while the person is asked to sign in; a refused one never', async () => {
    const { id } = await gmail();
    await sql`update channels set status = 'reauth_required', status_reason = 'access_revoked', action = 'reauthorize' where id = ${id}`;
    expect((await read(id)).status).toBe(200);
    await sql`update credentials set access_token_refused_at = now() where channel_id = ${id}`;
    expect(await read(id)).toMatchObject({
      status: 409,
      json: { code: 'reauth_required', action: 'reauthorize', status_reason: 'access_revoked' },
    });
    await sql`update channels set status = 'blocked', action = 'admin_consent' where id = ${id}`;
    expect(await read(id)).toMatchObject({ status: 409, json: { code: 'blocked', action: 'admin_consent' } });
  });

  test('without its audit row a token is not given out (S-35)', async () => {
    const { id } = await gmail();
    await sql`revoke insert on token_reads from mooring_token_reader`;
    const { status, json } = await read(id);
    await sql`grant insert on token_reads to mooring_token_reader`;
    expect({ status, json }).toMatchObject({ status: 503, json: { retryable: true } });
    expect(json).not.toHaveProperty('access_token');
  });
});

describe('reporting a failure', () => {
  test('a wrong report is cleared by a real call; a second one within seconds gets the same check', async () => {
    const { id } = await gmail();
    const first = await api.call('POST', `/v1/channels/${id}/report-failure`, {
      http_status: 401,
      body: 'Unauthorized',
    });
    expect(first).toMatchObject({ status: 202, json: { checked_at: null } });
    const { checked_at } = await until(async () => {
      const { json } = await api.call('POST', `/v1/channels/${id}/report-failure`, { http_status: 500 });
      return json.checked_at && json;
    });
    expect((await read(id)).status).toBe(200);
    const again = await api.call('POST', `/v1/channels/${id}/report-failure`, { http_status: 401 });
    expect(again.json).toEqual({ checked_at });
    expect((await read(id)).status).toBe(200);
  }, 30_000);

  test('a true one ends in reauth_required, and the token is served no more', async () => {
    const { id, email } = await gmail();
    await engine.sandbox.fault('google', email, 'password_changed');
    await api.call('POST', `/v1/channels/${id}/report-failure`, { http_status: 401 });
    const channel = await statusIs(id, 'reauth_required');
    expect(channel).toMatchObject({ action: 'reauthorize', incident: expect.stringMatching(/^inc_/) });
    expect(await read(id)).toMatchObject({ status: 409, json: { action: 'reauthorize' } });
    const incidents = await api.call('GET', `/v1/incidents?channel=${id}&state=open`);
    expect(incidents.json.data).toMatchObject([{ id: channel.incident, channel: id, state: 'open' }]);
    const timeline = await api.call('GET', `/v1/channels/${id}/timeline`);
    expect(timeline.json.data.map((event: { type: string }) => event.type)).toContain('channel.reauth_required');
  }, 30_000);
});

describe('commands', () => {
  test('refresh and verify answer with the channel', async () => {
    const { id } = await gmail();
    const refreshed = await api.call('POST', `/v1/channels/${id}/refresh`);
    expect(refreshed).toMatchObject({ status: 200, json: { id, credential_version: 2 } });
    const verified = await api.call('POST', `/v1/channels/${id}/verify`);
    expect(verified).toMatchObject({ status: 200, json: { verification: { ok: true, proved: expect.any(String) } } });
    expect(verified.json.verification.at).toBe(verified.json.last_verified_at);
  }, 40_000);

  test('a verification that the provider refuses is an answer, not an error', async () => {
    const { id, email } = await gmail();
    await engine.sandbox.fault('google', email, 'access_revoked');
    const verified = await api.call('POST', `/v1/channels/${id}/verify`);
    expect(verified).toMatchObject({ status: 200, json: { verification: { ok: false } } });
  }, 40_000);

  test('pause and resume', async () => {
    const { id } = await gmail();
    expect(await api.call('POST', `/v1/channels/${id}/pause`)).toMatchObject({
      status: 200,
      json: { status: 'paused' },
    });
    expect((await api.call('POST', `/v1/channels/${id}/imports`, {})).json).toMatchObject({ code: 'wrong_status' });
    expect(await api.call('POST', `/v1/channels/${id}/resume`)).toMatchObject({ json: { status: 'connected' } });
  });

  test('a requested import answers with a receipt', async () => {
    const { id, email } = await gmail();
    await engine.sandbox.deliver('google', email, 3);
    const { status, json } = await api.call('POST', `/v1/channels/${id}/imports`, { from: '2020-01-01T00:00:00Z' });
    expect({ status, json }).toMatchObject({
      status: 202,
      json: { channel: id, cause: 'requested', state: 'running' },
    });
    const receipt = await until(async () => {
      const answer = await api.call('GET', `/v1/imports/${json.id}`);
      return answer.json.state === 'completed' && answer.json;
    }, 30_000);
    expect(receipt).toMatchObject({ found: 3, missing: 0, compared: true });
    const listed = await api.call('GET', `/v1/channels/${id}/imports`);
    expect(listed.json.data.map((row: { id: string }) => row.id)).toContain(json.id);
    const messages = await until(async () => {
      const answer = await api.call('GET', `/v1/messages?channel=${id}`);
      return answer.json.data.length === 3 && answer.json.data;
    });
    const raw = await api.call('GET', `/v1/messages/${messages[0].id}/raw`);
    expect(raw.headers.get('content-type')).toBe('message/rfc822');
    expect(raw.text).toContain(messages[0].message_id);
  }, 60_000);

  test('disconnecting stops reads at once, and ends with what became of the grant', async () => {
    const { id, email } = await gmail();
    expect(await api.call('DELETE', `/v1/channels/${id}`)).toMatchObject({
      status: 202,
      json: { status: 'disconnecting' },
    });
    expect(await read(id)).toMatchObject({ status: 409, json: { code: 'disconnected' } });
    const channel = await statusIs(id, 'disconnected');
    expect(channel).toMatchObject({ revocation: 'done', token_expires_at: null });
    expect(await engine.sandbox.requests('google', 'revoke', email)).toHaveLength(1);
    for (const call of ['refresh', 'verify', 'pause', 'resume', 'imports', 'reauthorize-links']) {
      const answer = await api.call('POST', `/v1/channels/${id}/${call}`, {});
      expect(answer, call).toMatchObject({ status: 409, json: { code: 'disconnected' } });
    }
  }, 30_000);

  test('erasing a tenant disconnects its channels; then nothing of it is left', async () => {
    await engine.sandbox.account('imap', 'leaving@example.com', { password: PASSWORD });
    const id = channelOf(await connectImap(engine, 'leaving@example.com', PASSWORD, { tenantId: 'leaving' }));
    expect((await api.call('DELETE', '/v1/tenants/leaving')).status).toBe(202);
    expect(await api.call('POST', '/v1/links', { tenant: 'leaving' })).toMatchObject({
      json: { code: 'tenant_erasing' },
    });
    // Its row goes last.
    await until(async () => (await sql`select 1 from tenants where id = 'leaving'`).length === 0);
    expect((await api.call('GET', `/v1/channels/${id}`)).status).toBe(404);
  }, 30_000);

  test('without the engine a command is 503, and everything else goes on', async () => {
    const temporal = connectTemporal({
      address: '127.0.0.1:1',
      namespace: 'default',
      uiUrl: null,
      apiKey: null,
      tls: null,
    });
    const alone = await startApi({ ...engine.context, temporal });
    const { id } = await gmail();
    expect(await alone.call('POST', `/v1/channels/${id}/refresh`)).toMatchObject({
      status: 503,
      json: { code: 'engine_unavailable', retryable: true },
    });
    expect((await alone.call('GET', `/v1/channels/${id}/access-token`)).status).toBe(200);
    expect((await alone.call('POST', `/v1/channels/${id}/pause`)).status).toBe(200);
    expect(await alone.call('GET', '/readyz')).toMatchObject({ status: 503, json: { code: 'not_ready' } });
    expect((await api.call('GET', '/readyz')).status).toBe(200);
    await alone.close();
  }, 40_000);
});
