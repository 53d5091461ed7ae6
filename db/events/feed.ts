import { eq, gt, sql } from 'drizzle-orm';
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

/** The position as readers get it; opaque to them. */
export function feedCursor({ epoch, number }: FeedPosition): string {
  return Buffer.from(`${epoch}.${number}`).toString('base64url');
}

/** PostgreSQL's bigint holds no more. */
const HIGHEST = 2n ** 63n - 1n;

/** null when the text is no position. One of the release before has a third part, and no epoch of today. */
export function parseFeedCursor(cursor: string): FeedPosition | null {
  const found = /^(\w{1,40})\.(\d{1,20})(\.\d{1,19})?$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (!found) return null;
  const [, epoch = '', number = '', older] = found;
  if (older !== undefined) return { epoch: '', number: 0n };
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

/**
 * Where a reader stands after `rows`: at the last of a full page, else at the end of the feed as it was before the page was
 * read. So a reader of one tenant passes the rows of all others, however many there are.
 */
export function placeAfter(rows: { number: bigint | null }[], limit: number, end: FeedPosition): FeedPosition {
  const last = rows.at(-1)?.number ?? 0n;
  if (rows.length >= limit) return { ...end, number: last };
  return last > end.number ? { ...end, number: last } : end;
}
