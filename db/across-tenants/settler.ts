import { eq, inArray, sql } from 'drizzle-orm';
import { EVENTS_TOPIC, tenantsAsPayload } from '../../domain/notify-topics.ts';
import type { Clock } from '../../domain/clock.ts';
import type { Database, Transaction } from '../client.ts';
import type { Feed } from '../events/feed.ts';
import { noticeMessages, tellOfMessages } from '../messages/message-notices.ts';
import { events, feedState } from '../schema/events.ts';
import { messageNotices, messages } from '../schema/messages.ts';

/** The result of one turn of the settler. */
export interface SettlerTurn {
  /** Rows that have got their number. */
  settled: number;
  /** More rows wait than one turn takes. */
  more: boolean;
  /** Notices of messages wait because they are too young to be emitted. */
  noticesWait: boolean;
  /** The highest place in the order of writing, by feed. */
  written: Record<Feed, bigint>;
}

export interface TurnOptions {
  clock: Clock;
  /** Rows of each feed per turn. */
  limit: number;
  /**
   * Rows that were written before it are left to a later turn; 0 for none. Numbered rows leave dead entries in the index, which
   * a long transaction elsewhere keeps there: a turn that always began at the first would read them all.
   */
  from: Record<Feed, bigint>;
}

const TABLES = { messages, events };

/** PostgreSQL ends a turn that is silent for longer: a frozen process must not stop every feed. */
const LONGEST_SILENCE = '2s';
/** A restored database goes on so far beyond its last number: readers may have seen that many that were lost. */
const RESTORE_GAP = 2n ** 40n;

/**
 * One turn of the settler: committed rows of both feeds get their numbers, the messages of a commit before its events (rule
 * 12). The lock on the feeds' rows is the transaction's, so numbers become visible in their order: a reader that has seen one sees no lower
 * one later. A transaction that is open, in this database or another, holds back its own rows alone. null while another
 * process has the turn.
 */
export async function turnSettler(database: Database, options: TurnOptions): Promise<SettlerTurn | null> {
  return database.acrossTenants(async (tx) => {
    await tx.execute(sql`select set_config('idle_in_transaction_session_timeout', ${LONGEST_SILENCE}, true)`);
    const { clock, limit, from } = options;
    if (!(await hasWork(tx, from))) return { settled: 0, more: false, noticesWait: false, written: from };
    const now = await clock.now();
    const held = await holdFeeds(tx, now);
    if (!held) return null;
    // Found before the messages are: what was committed together with one of these events has its number before it.
    const found = await findUnsettled(tx, 'events', { limit, from: from.events });
    const newMessages = await settle(
      tx,
      held.messages,
      await findUnsettled(tx, 'messages', { limit, from: from.messages }),
    );
    await noticeMessages(tx, newMessages, now);
    const isFull = newMessages.length === limit;
    const told = await tellOfMessages(tx, held.messages.epoch, now);
    // Events wait while messages do: one of them may tell of the others.
    const newEvents = await settle(tx, held.events, isFull ? [] : [...found, ...told.ids]);
    if (newEvents.length > 0) await tellReaders(tx, newEvents);
    return {
      settled: newMessages.length + newEvents.length,
      more: isFull || found.length === limit || told.isFull,
      noticesWait: told.wait,
      written: { messages: lastWritten(newMessages, from.messages), events: lastWritten(newEvents, from.events) },
    };
  });
}

/** Asked before the lock is taken, which is a write: where nothing happens, nothing is written. */
async function hasWork(tx: Transaction, from: Record<Feed, bigint>): Promise<boolean> {
  const waits = (feed: Feed) =>
    sql`exists (select from ${TABLES[feed]} where number is null and seq >= ${from[feed].toString()}::bigint)`;
  // Asked when all rows are looked at, at the latest a moment after a start.
  const isElsewhere =
    from.messages === 0n && from.events === 0n
      ? sql`exists (select from ${feedState} where name in ('messages', 'events') and place is distinct from ${PLACE})`
      : sql`false`;
  const [row] = await tx.execute<{ waits: boolean }>(
    sql`select ${waits('messages')} or ${waits('events')} or exists (select from ${messageNotices}) or ${isElsewhere} as waits`,
  );
  return row?.waits ?? false;
}

interface FeedRow {
  name: Feed;
  epoch: string;
  number: bigint;
  place: string | null;
}

/** The feeds' rows, locked; null while another process has them. */
async function holdFeeds(tx: Transaction, now: Date): Promise<Record<Feed, FeedRow> | null> {
  const rows = await tx
    .select({
      name: feedState.name,
      epoch: feedState.epoch,
      number: feedState.number,
      place: feedState.place,
      here: PLACE,
    })
    .from(feedState)
    .where(inArray(feedState.name, ['messages', 'events']))
    .orderBy(feedState.name)
    .for('update', { skipLocked: true });
  const [ofEvents, ofMessages] = rows;
  if (!ofEvents || !ofMessages) return null;
  return {
    events: await goOn(tx, { ...ofEvents, name: 'events' }, now),
    messages: await goOn(tx, { ...ofMessages, name: 'messages' }, now),
  };
}

/**
 * Which database numbers are given in: cluster, timeline, database and table. A dump, a backup or a replica that is promoted
 * has another, and lacks rows that were numbered after it was taken.
 */
const PLACE = sql<string>`concat_ws('/', (select system_identifier from pg_control_system()),
  left(pg_walfile_name(pg_current_wal_lsn()), 8), (select oid from pg_database where datname = current_database()),
  'feed_state'::regclass::oid)`;

/**
 * Numbers that may have been given elsewhere are not given again: a reader's cursor stays right, and misses no row. The clock
 * keeps two databases that were restored from one backup apart.
 */
async function goOn(tx: Transaction, { here, ...row }: FeedRow & { here: string }, now: Date): Promise<FeedRow> {
  if (row.place === here) return row;
  const [beyond, byClock] = [row.number + RESTORE_GAP, BigInt(now.getTime()) * 1_000n];
  const restored = beyond > byClock ? beyond : byClock;
  const number = row.place === null ? row.number : restored;
  await tx.update(feedState).set({ place: here, number }).where(eq(feedState.name, row.name));
  return { ...row, number, place: here };
}

interface SettledRow {
  /** null: an event of the operator. */
  tenantId: string | null;
  channelId: string;
  number: bigint;
  seq: bigint;
}

/** Ids of committed rows, in the order in which they were written. A row under a lock is left to a later turn. */
async function findUnsettled(
  tx: Transaction,
  feed: Feed,
  { limit, from }: { limit: number; from: bigint },
): Promise<string[]> {
  const rows = await tx.execute<{ id: string }>(sql`
    select id from ${TABLES[feed]} where number is null and seq >= ${from.toString()}::bigint
    order by seq limit ${limit} for no key update skip locked`);
  return rows.map(({ id }) => id);
}

/** Numbers these rows in the order in which they were written. */
async function settle(tx: Transaction, { name, number: after }: FeedRow, ids: string[]): Promise<SettledRow[]> {
  if (ids.length === 0) return [];
  const table = TABLES[name];
  const rows = await tx.execute<{ tenantId: string | null; channelId: string; number: string; seq: string }>(sql`
    with placed as (
      select id, row_number() over (order by seq) as place from ${table} where id = any (${sql.param(ids)}::text[]))
    update ${table} t set number = ${after.toString()}::bigint + placed.place from placed where t.id = placed.id
    returning t.tenant_id as "tenantId", t.channel_id as "channelId", t.number::text, t.seq::text`);
  await tx
    .update(feedState)
    .set({ number: after + BigInt(rows.length) })
    .where(eq(feedState.name, name));
  return rows.map((row) => ({ ...row, number: BigInt(row.number), seq: BigInt(row.seq) }));
}

const lastWritten = (rows: SettledRow[], from: bigint) =>
  rows.reduce((last, { seq }) => (seq > last ? seq : last), from);

async function tellReaders(tx: Transaction, settled: SettledRow[]): Promise<void> {
  const tenants = new Set(settled.map(({ tenantId }) => tenantId));
  await tx.execute(sql`select pg_notify(${EVENTS_TOPIC}, ${tenantsAsPayload([...tenants])})`);
}
