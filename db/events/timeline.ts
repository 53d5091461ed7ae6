import { and, asc, desc, eq, sql } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { isAfter, isSettled } from './feed.ts';
import type { FeedPosition } from './feed.ts';
import { events } from '../schema/events.ts';

export type EventRow = InferSelectModel<typeof events>;
type Place = Pick<FeedPosition, 'xact' | 'seq'>;

/** A channel's events, newest first, before `before`; what commits meanwhile is newer and disturbs no later page. */
export async function listTimeline(
  tx: Transaction,
  { channelId, before, limit }: { channelId: string; before: Place | null; limit: number },
): Promise<EventRow[]> {
  const older = before && sql`(${events.xact}, ${events.seq}) < (${before.xact}::xid8, ${before.seq}::bigint)`;
  return tx
    .select()
    .from(events)
    .where(and(eq(events.channelId, channelId), older ?? undefined))
    .orderBy(desc(events.xact), desc(events.seq))
    .limit(limit);
}

/** The event feed after `position`, oldest first, only what is final (rule 12). `tenantId` null: all that is seen. */
export async function listEvents(
  tx: Transaction,
  { tenantId, position, limit }: { tenantId: string | null; position: Place; limit: number },
): Promise<EventRow[]> {
  return tx
    .select()
    .from(events)
    .where(
      and(isAfter(events, position), isSettled(events), tenantId === null ? undefined : eq(events.tenantId, tenantId)),
    )
    .orderBy(asc(events.xact), asc(events.seq))
    .limit(limit);
}

/** Where a reader begins who wants only what comes from now on. */
export async function findFeedEnd(tx: Transaction): Promise<Place> {
  const [row] = await tx.execute<{ xact: string }>(sql`select pg_snapshot_xmin(pg_current_snapshot())::text as xact`);
  if (!row) throw new Error('PostgreSQL returned no snapshot of running transactions');
  return { xact: row.xact, seq: 0n };
}
