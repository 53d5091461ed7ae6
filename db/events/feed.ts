import { eq, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { feedState } from '../schema/events.ts';

/**
 * A place in a feed, between two rows: everything up to (xact, seq) has been seen (rule 12). Another epoch means that
 * the database was restored and its transaction ids began anew.
 */
export interface FeedPosition {
  epoch: string;
  xact: string;
  seq: bigint;
}

/** The position as readers get it; opaque to them. */
export function feedCursor({ epoch, xact, seq }: FeedPosition): string {
  return Buffer.from(`${epoch}.${xact}.${seq}`).toString('base64url');
}

/** PostgreSQL's xid8 and bigint hold no more. */
const HIGHEST_XACT = 2n ** 64n - 1n;
const HIGHEST_SEQ = 2n ** 63n - 1n;

/** null when the text is no position. */
export function parseFeedCursor(cursor: string): FeedPosition | null {
  const found = /^(\w{1,40})\.(\d{1,20})\.(\d{1,19})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (!found) return null;
  const [, epoch = '', xact = '', seq = ''] = found;
  if (BigInt(xact) > HIGHEST_XACT || BigInt(seq) > HIGHEST_SEQ) return null;
  return { epoch, xact, seq: BigInt(seq) };
}

/** The epoch that cursors carry now; a cursor with another one is answered 410 `feed_reset`. */
export async function readFeedEpoch(tx: Transaction): Promise<string> {
  const [row] = await tx.select({ epoch: feedState.epoch }).from(feedState).where(eq(feedState.name, 'outbox'));
  if (!row) throw new Error('feed_state has no row "outbox"; expected it from the migrations');
  return row.epoch;
}

type Ordered = { xact: unknown; seq: unknown };

/** Rows of an ordered table after a position. Written as one row comparison, so that the index serves it. */
export function isAfter(table: Ordered, position: Pick<FeedPosition, 'xact' | 'seq'>): SQL<boolean> {
  return sql<boolean>`(${table.xact}, ${table.seq}) > (${position.xact}::xid8, ${position.seq.toString()}::bigint)`;
}

/**
 * Whether a row's place is final: no transaction that still runs can commit a row before it. A feed that showed more
 * would lose the rows of slow transactions; one that waited longer would only be late.
 */
export function isSettled(table: Ordered): SQL<boolean> {
  return sql<boolean>`${table.xact} < pg_snapshot_xmin(pg_current_snapshot())`;
}
