import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sampleEventData } from '../../api/schemas/events/event-samples.ts';
import { newId } from '../../db/ids.ts';
import type { ApiAnswer } from '../support/api.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { holdTransaction } from '../support/held-transaction.ts';
import { secret } from '../support/minting.ts';
import { settle } from '../support/settle.ts';
import { raiseApi } from './raise-api.ts';
import type { RaisedApi } from './raise-api.ts';

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

/** A message as an import stores it, in the caller's transaction. */
const store = (tx: postgres.Sql | postgres.TransactionSql, id = newId('msg')) =>
  tx`insert into messages (id, tenant_id, channel_id, provider_id, folder, recipients, received_at, size, backfilled,
     content_id, fingerprint, stored_at) values (${id}, 'acme', ${channel}, ${id}, 'INBOX', '[]', now(), 1, false, 'c', 'f', now())`;

/** An event as its fact's transaction writes it. */
const tell = (tx: postgres.Sql | postgres.TransactionSql) => {
  const id = newId('evt');
  const data = tx.json(sampleEventData('gap.detected') as postgres.JSONValue);
  return tx`insert into events (id, tenant_id, channel_id, type, data, at) values (${id}, 'acme', ${channel}, 'gap.detected', ${data}, now())`.then(
    () => id,
  );
};

/** In seconds, as Prometheus sees it. */
async function lag(): Promise<number> {
  const { text } = await api.call('GET', '/metrics');
  return Number(/^mooring_feed_lag_seconds (\S+)$/m.exec(text)?.[1]);
}

/** What is committed is in the feeds, and `message.received` has told of it. */
async function settled(): Promise<void> {
  while ((await settle(stage.context.database)).noticesWait) await new Promise((resolve) => setTimeout(resolve, 100));
}

async function readFeed(after: string | null, limit = 3): Promise<{ ids: string[]; cursor: string }> {
  const ids: string[] = [];
  let next = after;
  for (;;) {
    const { json } = await api.call('GET', `/v1/messages?limit=${limit}${next ? `&after=${next}` : ''}`);
    ids.push(...json.data.map((message: { id: string }) => message.id));
    if (json.next === null) return { ids, cursor: json.cursor };
    next = json.next;
  }
}

describe('rule 12: the feed of messages', () => {
  test('a slow transaction holds back nothing, and its messages come when it commits, each once', async () => {
    const commit = await holdTransaction(sql, (tx) => store(tx));
    for (let count = 0; count < 7; count++) await store(sql);
    await settled();
    const early = await readFeed(null);
    expect(early.ids).toHaveLength(7);
    await commit();
    await settled();
    const first = await readFeed(early.cursor);
    expect(first.ids).toHaveLength(1);
    await store(sql);
    await settled();
    const second = await readFeed(first.cursor);
    expect(second.ids).toHaveLength(1);
    expect(await readFeed(second.cursor)).toEqual({ ids: [], cursor: second.cursor });
    expect((await readFeed(null)).ids).toEqual([...early.ids, ...first.ids, ...second.ids]);
  });

  test('an empty page moves the cursor past the rows of all others, and reads none of them', async () => {
    const page = '/v1/messages?tenant=quiet';
    const before = (await api.call('GET', page)).json;
    expect(before).toMatchObject({ data: [], next: null });
    await store(sql);
    await settled();
    const after = (await api.call('GET', `${page}&after=${before.cursor}`)).json;
    expect(after).toMatchObject({ data: [], next: null });
    expect(after.cursor).toBe((await readFeed(null)).cursor);
  });

  test('how far the feed is behind is a metric, as long as no settler has its turn', async () => {
    await settled();
    expect(await lag()).toBe(0);
    const release = await holdTransaction(sql, (tx) => tx`select from feed_state for update`);
    const id = newId('msg');
    await store(sql, id);
    await sql`update messages set stored_at = now() - interval '90 seconds' where id = ${id}`;
    expect(await lag()).toBeGreaterThan(89);
    await release();
    await settled();
    expect(await lag()).toBe(0);
  });

  test('under many writers a reader with a cursor sees each message exactly once', async () => {
    const start = (await readFeed(null)).cursor;
    const state = { isWriting: true };
    const writing = Promise.all(
      Array.from({ length: 3 }, async () => {
        for (let count = 0; count < 40; count++) {
          await sql.begin(async (tx) => {
            await store(tx);
            await new Promise((resolve) => setTimeout(resolve, Math.random() * 8));
            await store(tx);
          });
        }
      }),
    ).then(() => (state.isWriting = false));
    const seen: string[] = [];
    let cursor = start;
    while (state.isWriting) {
      const page = await readFeed(cursor, 7);
      seen.push(...page.ids);
      cursor = page.cursor;
    }
    await writing;
    await settled();
    seen.push(...(await readFeed(cursor, 7)).ids);
    expect(seen).toHaveLength(240);
    expect(new Set(seen).size).toBe(240);
  }, 30_000);

  test('a message is acknowledged once, and its content is said to be gone where it is', async () => {
    const id = newId('msg');
    await store(sql, id);
    expect((await api.call('POST', '/v1/messages/ack', { ids: [id] })).json).toEqual({ acknowledged: 1 });
    expect((await api.call('POST', '/v1/messages/ack', { ids: [id] })).json).toEqual({ acknowledged: 0 });
    expect(await api.call('GET', `/v1/messages/${id}/raw`)).toMatchObject({
      status: 410,
      json: { code: 'content_gone' },
    });
  });

  test('a large message is sent part by part, and cut off where a part was tampered with', async () => {
    const [id, contentId] = [newId('msg'), newId('cnt')];
    await store(sql, id);
    await sql`update messages set content_id = ${contentId} where id = ${id}`;
    const parts = Array.from({ length: 4 }, (_, part) => Buffer.alloc(256 * 1024, String(part)));
    for (const [part, content] of parts.entries()) {
      const binding = { tenant: 'acme', owner: contentId, kind: 'message_part', version: part } as const;
      const jwe = await stage.context.vault.encrypt(content, binding);
      await sql`insert into message_parts (content_id, part, tenant_id, channel_id, jwe) values (${contentId}, ${part}, 'acme', ${channel}, ${jwe})`;
    }
    const whole = await api.call('GET', `/v1/messages/${id}/raw`);
    expect(whole.headers.get('content-type')).toBe('message/rfc822');
    expect(Buffer.from(whole.text)).toEqual(Buffer.concat(parts));
    await sql`update message_parts set jwe = (select jwe from message_parts where content_id = ${contentId} and part = 0) where content_id = ${contentId} and part = 2`;
    await expect(api.call('GET', `/v1/messages/${id}/raw`)).rejects.toThrow();
  });

  test('a cursor is of one feed: another’s is refused, and of an earlier order, or another epoch, it says so', async () => {
    const { cursor } = await readFeed(null);
    const timeline = `/v1/channels/${channel}/timeline`;
    await tell(sql);
    await tell(sql);
    const { next } = (await api.call('GET', `${timeline}?limit=1`)).json;
    const stream = (lastId: string) => api.call('GET', '/v1/stream', undefined, { 'last-event-id': lastId });
    for (const foreign of [`/v1/messages?after=${next}`, `${timeline}?after=${cursor}`]) {
      expect(await api.call('GET', foreign)).toMatchObject({ status: 400, json: { code: 'invalid_cursor' } });
    }
    expect((await stream(cursor)).status).toBe(400);
    const older = Buffer.from('8f14e45fceea.1234.56').toString('base64url');
    await sql`update feed_state set epoch = 'any new word'`;
    for (const old of [older, cursor]) {
      expect(await api.call('GET', `/v1/messages?after=${old}`)).toMatchObject({
        status: 410,
        json: { code: 'feed_reset' },
      });
    }
    for (const old of [older, next]) expect((await api.call('GET', `${timeline}?after=${old}`)).status).toBe(410);
    expect((await stream(older)).status).toBe(410);
    const again = await readFeed(null);
    expect((await api.call('GET', `/v1/messages?after=${again.cursor}`)).status).toBe(200);
  });
});

describe('pages', () => {
  test('the timeline is newest first, and its cursor stays good while events arrive', async () => {
    for (let count = 0; count < 9; count++) await tell(sql);
    const all = (await api.call('GET', `/v1/channels/${channel}/timeline?limit=200`)).json.data;
    const paged: unknown[] = [];
    let next: string | null = null;
    do {
      const query: string = next === null ? '' : `&after=${next}`;
      const { json }: ApiAnswer = await api.call('GET', `/v1/channels/${channel}/timeline?limit=2${query}`);
      paged.push(...json.data);
      next = json.next;
      await tell(sql);
    } while (next !== null);
    expect(paged).toEqual(all);
    expect(all.map(({ at }: { at: string }) => at)).toEqual(
      all
        .map(({ at }: { at: string }) => at)
        .toSorted()
        .toReversed(),
    );
  });

  test('a list of channels gives each once, and `next` is null at the end', async () => {
    for (let count = 0; count < 5; count++) {
      await sql`insert into channels (id, tenant_id, kind, access_type, uses, account_email, account_login, account_provider_id,
        mailbox_key, status, status_since, credential_version, created_at)
        values (${newId('chn')}, 'acme', 'individual', 'imap', '{read}', ${`x${count}`}, 'x', 'x', ${`x${count}`}, 'connected', now(), 1, now())`;
    }
    const seen: string[] = [];
    let next: string | null = null;
    do {
      const { json }: ApiAnswer = await api.call('GET', `/v1/channels?limit=2${next ? `&after=${next}` : ''}`);
      expect(json.data.length).toBeLessThanOrEqual(2);
      seen.push(...json.data.map(({ id }: { id: string }) => id));
      next = json.next;
    } while (next);
    expect(seen).toHaveLength(6);
    expect(new Set(seen).size).toBe(6);
    expect((await api.call('GET', '/v1/channels?access_type=gmail')).json.data).toHaveLength(1);
    expect((await api.call('GET', '/v1/channels?status=blocked')).json.data).toEqual([]);
    expect((await api.call('GET', '/v1/tenants')).json.data).toMatchObject([{ id: 'acme', channels: 6, broken: 0 }]);
  });
});

describe('the stream', () => {
  test('events come as they happen, and Last-Event-ID takes up where it broke off', async () => {
    await settled();
    const first = await openStream();
    const sent = [await tell(sql), await tell(sql)];
    const got = await first.take(2);
    expect(got.map(({ data }) => data.id)).toEqual(sent);
    expect(got[0]?.data).toMatchObject({ type: 'gap.detected', channel, tenant: 'acme', incident: null, data: {} });
    first.close();
    const missed = [await tell(sql), await tell(sql)];
    const second = await openStream(got[0]?.id);
    expect((await second.take(3)).map(({ data }) => data.id)).toEqual([sent[1], ...missed]);
    second.close();
  });

  test('an event of a slow transaction comes late, not never', async () => {
    const stream = await openStream();
    let slow = '';
    const commit = await holdTransaction(sql, async (tx) => (slow = await tell(tx)));
    const quick = await tell(sql);
    await settled();
    await commit();
    const got = await stream.take(2);
    expect(got.map(({ data }) => data.id)).toEqual([quick, slow]);
    stream.close();
  });

  test('beats as often as it is asked to, with events that no reader of events sees', async () => {
    await settled();
    const response = await fetch(`${api.url}/v1/stream?heartbeat_s=1`, {
      headers: { authorization: `Bearer ${api.call.key}` },
    });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while ((text.match(/^event: heartbeat$/gm) ?? []).length < 2) text += (await reader.read()).value ?? '';
    await reader.cancel();
    expect(text).toBe('retry: 2000\n\n' + 'event: heartbeat\ndata: {}\n\n'.repeat(2));
    expect((await api.call('GET', '/v1/stream?heartbeat_s=0')).status).toBe(400);
  });

  test('however often a stream waits for its reader, its response gathers no listeners', async () => {
    const EVENTS = 2_000;
    await sql`insert into tenants (id, created_at) values ('busy', now()) on conflict do nothing`;
    const warnings: string[] = [];
    const note = ({ name }: Error) => void warnings.push(name);
    process.on('warning', note);
    const stream = await openStream(undefined, '?tenant=busy');
    const data = sql.json(sampleEventData('gap.detected') as postgres.JSONValue);
    await sql`insert into events (id, tenant_id, type, data, at)
      select 'evt_busy' || n, 'busy', 'gap.detected', ${data}, now() from generate_series(1, ${EVENTS}) n`;
    expect(await stream.take(EVENTS)).toHaveLength(EVENTS);
    stream.close();
    process.off('warning', note);
    expect(warnings).not.toContain('MaxListenersExceededWarning');
  });

  test('a tenant’s stream is woken by its own events alone', async () => {
    await settled();
    const [own, foreign] = ['acme', 'quiet'].map((tenant) => api.context.feedNews.hear(tenant));
    await tell(sql);
    await settled();
    await own!.next();
    const woken = foreign!.next().then(() => 'woken');
    const asleep = new Promise((resolve) => setTimeout(resolve, 300, 'asleep'));
    expect(await Promise.race([woken, asleep])).toBe('asleep');
    for (const hearing of [own!, foreign!]) hearing.end();
  });

  test('a tenant’s stream has nothing of another', async () => {
    await sql`insert into tenants (id, created_at) values ('quiet', now()) on conflict do nothing`;
    const stream = await openStream(undefined, '?tenant=quiet');
    await tell(sql);
    const other = newId('evt');
    const data = sql.json(sampleEventData('gap.detected') as postgres.JSONValue);
    await sql`insert into events (id, tenant_id, type, data, at) values (${other}, 'quiet', 'gap.detected', ${data}, now())`;
    expect((await stream.take(1)).map(({ data }) => data.id)).toEqual([other]);
    stream.close();
  });
});

interface Streamed {
  id: string;
  data: { id: string; [more: string]: unknown };
}

async function openStream(lastId?: string, query = '') {
  const abort = new AbortController();
  const response = await fetch(`${api.url}/v1/stream${query}`, {
    headers: { authorization: `Bearer ${api.call.key}`, ...(lastId ? { 'last-event-id': lastId } : {}) },
    signal: abort.signal,
  });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const events: Streamed[] = [];
  return {
    async take(count: number): Promise<Streamed[]> {
      while (events.length < count) {
        const { value, done } = await reader.read();
        if (done) throw new Error('the stream ended');
        text += value;
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) {
          const id = /^id: (.*)$/m.exec(block)?.[1];
          const data = /^data: (.*)$/m.exec(block)?.[1];
          if (id && data) events.push({ id, data: JSON.parse(data) });
        }
      }
      return events.splice(0, count);
    },
    close: () => abort.abort(),
  };
}
