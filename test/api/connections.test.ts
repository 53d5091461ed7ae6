import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectDatabase } from '../../db/client.ts';
import { databaseClock } from '../../db/clock.ts';
import { startApi } from '../support/api.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { holdTransaction } from '../support/held-transaction.ts';
import { secret } from '../support/minting.ts';
import { raiseApi } from './raise-api.ts';
import type { RaisedApi } from './raise-api.ts';

const WAIT = { timeout: 45_000, interval: 100 };

let stage: RaisedApi['stage'];
let api: RaisedApi['api'];
let sql: RaisedApi['sql'];
let close: RaisedApi['close'];
let channel: string;

beforeAll(async () => {
  ({ stage, api, sql, close } = await raiseApi());
  await stage.sandbox.account('google', 'ana@example.com', { password: secret('password') });
  channel = channelOf(await connectGmail(stage, 'ana@example.com'));
}, 60_000);
afterAll(() => close?.());

describe('connections of its own', () => {
  test('a token read, and a caller who is not known yet, wait behind no list', async () => {
    const { json: key } = await api.call('POST', '/v1/api-keys', { name: 'reader', scopes: ['tokens:read'] });
    // What every list of channels reads, and no token read.
    const release = await holdTransaction(sql, (tx) => tx`lock table former_accesses in access exclusive mode`);
    const lists = Array.from({ length: 20 }, () => api.call('GET', '/v1/channels?tenant=acme'));
    const blocked = () =>
      sql`select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%former_accesses%'`;
    await expect.poll(async () => (await blocked()).length, WAIT).toBeGreaterThan(1);
    const headers = { authorization: `Bearer ${key.api_key}` };
    const read = await fetch(`${api.url}/v1/channels/${channel}/access-token`, { headers });
    expect(read.status).toBe(200);
    expect((await blocked()).length).toBeGreaterThan(1);
    await release();
    for (const { status } of await Promise.all(lists)) expect(status).toBe(200);
  });

  test('a wait for a lock that is too long is 503, and changes nothing', async () => {
    const release = await holdTransaction(sql, (tx) => tx`select 1 from channels where id = ${channel} for update`);
    const [named] = await sql<{ name: string }[]>`select current_database() as name`;
    await sql`alter database ${sql(named!.name)} set lock_timeout = '200ms'`;
    const impatient = connectDatabase({ url: stage.databaseUrl, poolSize: 2, program: 'server' });
    const other = await startApi({ ...stage.context, database: impatient, clock: databaseClock(impatient) });
    const answer = await other.call('PATCH', `/v1/channels/${channel}`, { metadata: { seat: 'c4' } });
    expect(answer).toMatchObject({ status: 503, json: { code: 'database_unavailable', retryable: true } });
    await release();
    expect((await other.call('GET', `/v1/channels/${channel}`)).json.metadata).toEqual({});
    await other.close();
    await impatient.close();
  });
});
