import { eq, gt, lt, sql } from 'drizzle-orm';
import type { AnyPgColumn } from 'drizzle-orm/pg-core';
import type { SQL } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { feedState } from '../schema/events.ts';

/** The tables whose rows are numbered when they are committed (rule 12). */
export type Feed = 'messages' | 'events';

/** A place in a feed: a reader there has seen every row up to `number`. */
export interface FeedPosition {
  epoch: string;
  number: bigint;
}

/** The orders that a cursor is a place in; a channel's timeline is in the order of writing. */
export type CursorKind = Feed | 'timeline';
const LETTERS = { messages: 'm', events: 'e', timeline: 't' } satisfies Record<CursorKind, string>;

/** The position as readers get it; opaque to them. */
export function feedCursor(kind: CursorKind, { epoch, number }: FeedPosition): string {
  return Buffer.from(`${LETTERS[kind]}.${number}.${epoch}`).toString('base64url');
}

/** PostgreSQL's bigint holds no more. */
const HIGHEST = 2n ** 63n - 1n;

/** A cursor of the release before: an epoch, which is none of today's, and two numbers. */
const OLDER = /^\w{2,40}\.\d{1,20}\.\d{1,19}$/;

/** null when the text is no position of this kind. */
export function parseFeedCursor(kind: CursorKind, cursor: string): FeedPosition | null {
  const text = Buffer.from(cursor, 'base64url').toString();
  if (OLDER.test(text)) return { epoch: '', number: 0n };
  const found = /^([met])\.(\d{1,20})\.(.{1,200})$/u.exec(text);
  if (found?.[1] !== LETTERS[kind]) return null;
  const [, , number = '', epoch = ''] = found;
  return BigInt(number) > HIGHEST ? null : { epoch, number: BigInt(number) };
}

/** The last place of a feed. A row that is settled later gets a higher number, so a reader goes on from here. */
export async function readFeedEnd(tx: Transaction, feed: Feed): Promise<FeedPosition> {
  const [row] = await tx
    .select({ epoch: feedState.epoch, number: feedState.number })
    .from(feedState)
    .where(eq(feedState.name, feed));
  if (!row) throw new Error(`feed_state has no row "${feed}"; expected it from the migrations`);
  return row;
}

/** Rows of a feed after a position. A row without a number is not settled, and stands in no range. */
export function isAfter(table: { number: AnyPgColumn }, { number }: Pick<FeedPosition, 'number'>): SQL {
  return gt(table.number, sql`${number.toString()}::bigint`);
}

export function isBefore(table: { number: AnyPgColumn }, { number }: Pick<FeedPosition, 'number'>): SQL {
  return lt(table.number, sql`${number.toString()}::bigint`);
}

/**
 * Where a reader stands after `rows`: at the last of a full page, else at the end of the feed as it was before the page was
 * read. So a reader of one tenant passes the rows of all others, however many there are.
 */
export function placeAfter(rows: { number: bigint | null }[], limit: number, end: FeedPosition): FeedPosition {
  const last = rows.at(-1)?.number ?? 0n;
  if (rows.length >= limit) return { ...end, number: last };
  return last > end.number ? { ...end, number: last } : end;
}
