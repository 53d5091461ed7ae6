import { and, eq, gt, inArray, isNotNull, isNull, lt, or, sql } from 'drizzle-orm';
import { CANARY_LEASE_MS } from '../../../domain/backoff.ts';
import { newNudge } from '../../channels/nudges.ts';
import type { Database, Transaction } from '../../client.ts';
import { channels, hasNotLeft, incidents, nudges } from '../../schema/channels.ts';
import type { Forgotten } from '../forgotten.ts';

/*
 * While a provider refuses the operator's client, one channel tries it (the canary) and the others wait: a thousand
 * channels that each find out by themselves are a herd.
 */

/** How many channels are signalled at once when the client works again, and over which time, in ms. */
const WOKEN_AT_ONCE = 500;
const WOKEN_WITHIN_MS = 5_000;
/** Channels wait for an incident that is over this long at most; then they retry at their own time, in ms. */
const LOOKED_BACK_MS = 86_400_000;

const REFERENCE = { id: channels.id, tenantId: channels.tenantId, accessType: channels.accessType };

/** Moves the next try of channels forward that wait for one of these incidents; a page of them. */
export async function wakeWaiting(tx: Transaction, incidentIds: string[], now: Date): Promise<Forgotten[]> {
  const notBefore = new Date(now.getTime() + WOKEN_WITHIN_MS);
  const waiting = await tx
    .select(REFERENCE)
    .from(channels)
    .where(
      and(
        inArray(channels.waitsFor, incidentIds),
        isNotNull(channels.waitsFor),
        hasNotLeft(channels.status),
        or(isNull(channels.retryAt), gt(channels.retryAt, notBefore)),
      ),
    )
    .limit(WOKEN_AT_ONCE)
    .for('update', { skipLocked: true });
  const apart = sql`(hashtext(${channels.id}) & 1023) / 1023.0 * ${WOKEN_WITHIN_MS} * interval '1 ms'`;
  return wake(tx, waiting, sql`${now.toISOString()}::timestamptz + ${apart}`, now);
}

async function wake(tx: Transaction, woken: Forgotten[], retryAt: ReturnType<typeof sql>, now: Date) {
  if (woken.length === 0) return [];
  const ids = woken.map(({ id }) => id);
  await tx.update(channels).set({ retryAt }).where(inArray(channels.id, ids));
  const nudged = await tx
    .insert(nudges)
    .values(woken.map(({ id, tenantId }) => newNudge(tenantId, id, now)))
    .onConflictDoNothing()
    .returning({ id: nudges.channelId });
  const isNew = new Set(nudged.map(({ id }) => id));
  return woken.filter(({ id }) => isNew.has(id));
}

/** The next page of channels that wait for an incident that is over. */
export async function wakeAfterIncidents(database: Database, now: Date): Promise<Forgotten[]> {
  return database.acrossTenants(async (tx) => {
    const over = await tx
      .select({ id: incidents.id })
      .from(incidents)
      .where(
        and(
          isNull(incidents.channelId),
          eq(incidents.scope, 'client'),
          gt(incidents.closedAt, new Date(now.getTime() - LOOKED_BACK_MS)),
        ),
      );
    if (over.length === 0) return [];
    return wakeWaiting(
      tx,
      over.map(({ id }) => id),
      now,
    );
  });
}

/**
 * Appoints another canary where the one before did not try in time: it was disconnected, or its workflow stands. Returns
 * those with a new nudge, to be signalled.
 */
export async function appointCanaries(database: Database, now: Date): Promise<Forgotten[]> {
  return database.acrossTenants(async (tx) => {
    const idle = await tx
      .select()
      .from(incidents)
      .where(
        and(
          isNotNull(incidents.client),
          eq(incidents.scope, 'client'),
          isNull(incidents.channelId),
          isNull(incidents.closedAt),
          or(isNull(incidents.canaryUntil), lt(incidents.canaryUntil, now)),
        ),
      )
      .for('update', { skipLocked: true });
    const woken: Forgotten[] = [];
    for (const { id, canaryId } of idle) {
      const next = (await findWaiting(tx, id, canaryId)) ?? (await findWaiting(tx, id, null));
      if (!next) continue;
      const canaryUntil = new Date(now.getTime() + CANARY_LEASE_MS);
      await tx.update(incidents).set({ canaryId: next.id, canaryUntil }).where(eq(incidents.id, id));
      woken.push(...(await wake(tx, [next], sql`${now.toISOString()}::timestamptz`, now)));
    }
    return woken;
  });
}

/** The next channel in the incident after `afterId`, so that each gets its turn and a stuck one is not chosen for ever. */
async function findWaiting(tx: Transaction, incidentId: string, afterId: string | null): Promise<Forgotten | null> {
  for (const column of [channels.waitsFor, channels.incidentId]) {
    const [found] = await tx
      .select(REFERENCE)
      .from(channels)
      .where(
        and(
          eq(column, incidentId),
          isNotNull(column),
          hasNotLeft(channels.status),
          afterId === null ? undefined : gt(channels.id, afterId),
        ),
      )
      .orderBy(channels.id)
      .limit(1)
      .for('update', { skipLocked: true });
    if (found) return found;
  }
  return null;
}

/** Makes a channel the canary that found the place free. False: another channel was sooner. */
export async function takeCanary(
  database: Database,
  { incidentId, channelId, now }: { incidentId: string; channelId: string; now: Date },
): Promise<boolean> {
  return database.acrossTenants(async (tx) => {
    const taken = await tx
      .update(incidents)
      .set({ canaryId: channelId, canaryUntil: new Date(now.getTime() + CANARY_LEASE_MS) })
      .where(
        and(
          eq(incidents.id, incidentId),
          isNull(incidents.closedAt),
          or(isNull(incidents.canaryUntil), lt(incidents.canaryUntil, now), eq(incidents.canaryId, channelId)),
        ),
      )
      .returning({ id: incidents.id });
    return taken.length > 0;
  });
}
