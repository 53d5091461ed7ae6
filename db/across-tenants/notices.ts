import { and, asc, eq, gt, isNotNull, isNull, lte, or, sql } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import type { Database } from '../client.ts';
import { isAfter } from '../events/feed.ts';
import { events, feedState } from '../schema/events.ts';
import { notices } from '../schema/notices.ts';

export type EventRow = InferSelectModel<typeof events>;

/** The recipient whose workflow has to look at its notices. */
export interface RecipientReference {
  tenantId: string;
  recipientId: string;
}

/** PostgreSQL ends a turn that is silent for longer: a frozen process must not stop every notice. */
const LONGEST_SILENCE = '20s';

/** Then a turn ends early, in ms: what it planned stays planned, however slow the database is. */
const LONGEST_TURN_MS = 10_000;

/**
 * One turn of the planner: `plan` gets the events after the stored position, one by one in the feed's order, and the
 * position moves with each. A turn that dies is repeated, so `plan` must be idempotent; it commits for itself, tenant by
 * tenant. null while another process has the turn.
 */
export async function turnNotices(
  database: Database,
  limit: number,
  plan: (event: EventRow) => Promise<void>,
): Promise<{ more: boolean } | null> {
  return database.acrossTenants(async (tx) => {
    await tx.execute(sql`select set_config('idle_in_transaction_session_timeout', ${LONGEST_SILENCE}, true)`);
    const [position] = await tx.select().from(feedState).where(eq(feedState.name, 'notices')).for('update', {
      skipLocked: true,
    });
    if (!position) return null;
    const settled = await tx
      .select()
      .from(events)
      .where(isAfter(events, position))
      .orderBy(asc(events.number))
      .limit(limit);
    const startedAt = performance.now();
    let planned = 0;
    for (const event of settled) {
      if (performance.now() - startedAt > LONGEST_TURN_MS) break;
      await plan(event);
      planned += 1;
      const { number } = event;
      if (number !== null) await tx.update(feedState).set({ number }).where(eq(feedState.name, 'notices'));
    }
    return { more: settled.length === limit || planned < settled.length };
  });
}

const isQueued = eq(notices.state, sql`'queued'`);

/** Recipients with a notice that was due before `dueBefore`, by id; their workflow may be missing. */
export async function listOverdueRecipients(
  database: Database,
  { dueBefore, after, limit }: { dueBefore: Date; after: string; limit: number },
): Promise<RecipientReference[]> {
  return database.acrossTenants((tx) =>
    tx
      .selectDistinct({ tenantId: notices.tenantId, recipientId: notices.recipientId })
      .from(notices)
      .where(
        and(
          isQueued,
          lte(notices.dueAt, dueBefore),
          or(isNull(notices.heldUntil), lte(notices.heldUntil, dueBefore)),
          gt(notices.recipientId, after),
        ),
      )
      .orderBy(notices.recipientId)
      .limit(limit),
  );
}

/** The channels, and the person, of the mail with this unsubscribe address. */
export async function findUnsubscribing(
  database: Database,
  hash: string,
): Promise<{ tenantId: string; channelId: string | null; recipient: string | null; recipientId: string }[]> {
  return database.acrossTenants((tx) =>
    tx
      .selectDistinct({
        tenantId: notices.tenantId,
        channelId: notices.channelId,
        recipient: notices.recipient,
        recipientId: notices.recipientId,
      })
      .from(notices)
      .where(and(eq(notices.unsubscribeHash, hash), isNotNull(notices.channelId))),
  );
}

/** The tenants that have sent mail to an address. */
export async function listTenantsOfRecipient(database: Database, address: string): Promise<string[]> {
  return database.acrossTenants(async (tx) => {
    const rows = await tx
      .selectDistinct({ tenantId: notices.tenantId })
      .from(notices)
      .where(and(isNotNull(notices.recipient), eq(sql`lower(${notices.recipient})`, address.toLowerCase())));
    return rows.map(({ tenantId }) => tenantId);
  });
}
