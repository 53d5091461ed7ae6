import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { refreshCredential } from '../../credentials/refresh.ts';
import { createLogger } from '../../runtime/logger.ts';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';

const ALARM = 'A vault record does not belong to its row';
const lines: string[] = [];
let stage: Stage;
let api: Api;
let sql: postgres.Sql;

beforeAll(async () => {
  const logger = createLogger('test', 'error', { write: (line) => void lines.push(line) });
  stage = await raiseStage({ given: { logger } });
  api = await startApi(stage.context);
  sql = postgres(stage.databaseUrl, { max: 1 });
}, 60_000);
afterAll(async () => {
  await sql?.end();
  await api?.close();
  await stage?.close();
});

const refresh = (channelId: string, version = 1) =>
  refreshCredential(stage.context, { tenantId: 'acme', accessType: 'gmail', channelId, version });
const alarms = (kind: string) => lines.filter((line) => line.includes(ALARM) && line.includes(`"${kind}"`));

async function isUntroubled(id: string): Promise<void> {
  expect((await api.call('GET', `/v1/channels/${id}`)).json).toMatchObject({ status: 'connected', action: 'none' });
  const { json } = await api.call('GET', `/v1/channels/${id}/timeline`);
  expect(json.data.map(({ type }: { type: string }) => type)).not.toContain('channel.reauth_required');
}

test('S-20: records exchanged between two channels serve neither, raise an alarm, and send nobody to sign in', async () => {
  const [one, two] = [
    channelOf(await connectGmail(stage, 'one@swap.example.com')),
    channelOf(await connectGmail(stage, 'two@swap.example.com')),
  ];
  const asked = (await stage.sandbox.requests('google', 'token')).length;
  await sql`update credentials a set sealed_secret = b.sealed_secret, access_token_jwe = b.access_token_jwe
    from credentials b where (a.channel_id, b.channel_id) in ((${one}, ${two}), (${two}, ${one}))`;
  for (const id of [one, two]) {
    const answer = await api.call('GET', `/v1/channels/${id}/access-token`);
    expect(answer).toMatchObject({ status: 500, json: { code: 'internal_error' } });
    expect(answer.json).not.toHaveProperty('access_token');
    await expect(refresh(id)).rejects.toMatchObject({ code: 'vault_record_rejected' });
    await isUntroubled(id);
  }
  expect((await stage.sandbox.requests('google', 'token')).length).toBe(asked);
  for (const kind of ['access_token', 'refresh_secret']) {
    expect(alarms(kind)).toHaveLength(2);
    for (const id of [one, two]) expect(alarms(kind).join('')).toContain(id);
  }
  const rows = await sql`select sealed_secret, access_token_jwe from credentials`;
  for (const row of rows.flatMap((values) => Object.values(values))) expect(lines.join('')).not.toContain(row);
});

test('S-20: an older version put back is not served', async () => {
  const id = channelOf(await connectGmail(stage, 'older@swap.example.com'));
  const [older] = await sql`select access_token_jwe from credentials where channel_id = ${id}`;
  expect(await refresh(id)).toBe('refreshed');
  await sql`update credentials set access_token_jwe = ${older?.['access_token_jwe']} where channel_id = ${id}`;
  expect((await api.call('GET', `/v1/channels/${id}/access-token`)).status).toBe(500);
  expect(alarms('access_token').join('')).toContain(id);
  await isUntroubled(id);
});
