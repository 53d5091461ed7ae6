import { and, eq, isNull, lt, notExists, sql } from 'drizzle-orm';
import type { AccessType } from '../../../domain/access-type.ts';
import { LEFT } from '../../../domain/channel.ts';
import { newNudge } from '../../channels/nudges.ts';
import type { Database, Transaction } from '../../client.ts';
import { newId } from '../../ids.ts';
import { channels, incidents, nudges } from '../../schema/channels.ts';
import { listeners } from '../../schema/watches.ts';
import type { Forgotten } from '../forgotten.ts';
import { tellOfProvider } from './provider-events.ts';

/** A look is overdue after two intervals more, and never sooner than this, in ms: a listener may just take over. */
const LEAST_OVERDUE_MS = 20_000;
/** A listener that did not stop leaves its row; nothing rests on it after this. */
const FORGOTTEN_MS = 24 * 3_600_000;
/** Any number, the same for every Mooring: one process at a time opens incidents of listeners. */
const INCIDENT_LOCK = 4_021_981;

/**
 * Channels whose last look is three of their intervals ago: each is to be polled by its workflow, which plans the next look.
 * So a row is found once, and what happens to its signal is the reconcile's. Returns those with a new nudge.
 */
export async function takeUnwatched(
  database: Database,
  { now, limit }: { now: Date; limit: number },
): Promise<{ found: number; nudged: Forgotten[] }> {
  const at = sql`${now.toISOString()}::timestamptz`;
  return database.acrossTenants(async (tx) => {
    const overdue = sql`next_look_at <= ${at} - greatest(2 * interval_ms, ${LEAST_OVERDUE_MS}) * interval '1 ms'`;
    // The channel is locked first, as by every writer of a fact.
    const rows = await tx.execute<{ id: string; tenant_id: string; access_type: AccessType }>(sql`
      with found as (
        select c.id, c.tenant_id, c.access_type from channels c
        where c.id in (select channel_id from watches where next_look_at <= ${at} - ${LEAST_OVERDUE_MS} * interval '1 ms' and ${overdue}
                       order by next_look_at limit ${limit})
        for update skip locked
      ), polled as (
        update channels c set next_poll_at = ${at}, next_audit_at = case
          when c.import_mode = 'continuous' and w.audit_at <= ${at} then ${at} else c.next_audit_at end
        from found join watches w on w.channel_id = found.id
        where c.id = found.id and c.status not in ${LEFT}
      ), rested as (
        update watches w set next_look_at = null, waits_since = null, lease_until = null
        from found where w.channel_id = found.id
      )
      select id, tenant_id, access_type from found`);
    const found = rows.map((row) => ({ id: row.id, tenantId: row.tenant_id, accessType: row.access_type }));
    return { found: found.length, nudged: await nudgeAll(tx, found, now) };
  });
}

async function nudgeAll(tx: Transaction, found: Forgotten[], now: Date): Promise<Forgotten[]> {
  if (found.length === 0) return [];
  const inserted = await tx
    .insert(nudges)
    .values(found.map(({ id, tenantId }) => newNudge(tenantId, id, now)))
    .onConflictDoNothing()
    .returning({ id: nudges.channelId });
  const isNew = new Set(inserted.map(({ id }) => id));
  return found.filter(({ id }) => isNew.has(id));
}

/**
 * Opens an incident for each access type whose channels are overdue while no listener for it lives. The client's column says
 * which process is missing.
 */
export async function openUnservedIncidents(database: Database, now: Date): Promise<AccessType[]> {
  const at = sql`${now.toISOString()}::timestamptz`;
  return database.acrossTenants(async (tx) => {
    const unserved = await tx.execute<{ access_type: AccessType }>(sql`
      select distinct w.access_type from watches w
      where w.next_look_at <= ${at} - ${LEAST_OVERDUE_MS} * interval '1 ms'
        and not exists (select from listeners l where l.alive_until > ${at} and w.access_type = any(l.access_types))
        and not exists (select from incidents i where i.scope = 'service' and i.closed_at is null
                        and i.provider = w.access_type)`);
    if (unserved.length === 0) return [];
    await tx.execute(sql`select pg_advisory_xact_lock(${INCIDENT_LOCK})`);
    const opened: AccessType[] = [];
    for (const { access_type: provider } of unserved) {
      const open = tx.select({ id: incidents.id }).from(incidents).where(isOpen(provider));
      if ((await open).length > 0) continue;
      const values = { scope: 'service', provider, client: 'listener', action: 'none', openedAt: now } as const;
      const [row] = await tx
        .insert(incidents)
        .values({ id: newId('inc'), ...values })
        .returning();
      if (row) await tellOfProvider(tx, 'incident.opened', row, now);
      opened.push(provider);
    }
    return opened;
  });
}

const isOpen = (provider: AccessType) =>
  and(eq(incidents.scope, 'service'), eq(incidents.provider, provider), isNull(incidents.closedAt));

/** Closes those whose access type has a listener again, or no channel that is watched. */
export async function closeServedIncidents(database: Database, now: Date): Promise<AccessType[]> {
  return database.acrossTenants(async (tx) => {
    const isServed = sql`exists (
      select from ${listeners} where ${listeners.aliveUntil} > ${now.toISOString()}
        and ${incidents.provider} = any(${listeners.accessTypes}))`;
    const live = tx
      .select({ id: channels.id })
      .from(channels)
      .where(and(eq(channels.accessType, incidents.provider), sql`${channels.status} not in ${LEFT}`));
    const closed = await tx
      .update(incidents)
      .set({ closedAt: now })
      .where(
        and(
          eq(incidents.scope, 'service'),
          isNull(incidents.channelId),
          isNull(incidents.closedAt),
          sql`(${isServed} or ${notExists(live)})`,
        ),
      )
      .returning();
    for (const incident of closed) await tellOfProvider(tx, 'incident.closed', incident, now);
    await tx.delete(listeners).where(lt(listeners.aliveUntil, new Date(now.getTime() - FORGOTTEN_MS)));
    return closed.map(({ provider }) => provider);
  });
}
