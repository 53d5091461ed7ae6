import { and, eq, gt, inArray, isNotNull, isNull, sql } from 'drizzle-orm';
import type { AccessType } from '../../../domain/access-type.ts';
import { HELD_FOR_MS, MASS_REAUTHORIZATION, TOGETHER_MS } from '../../../domain/incidents/incident.ts';
import type { StatusReason } from '../../../domain/verdict.ts';
import type { Database, Transaction } from '../../client.ts';
import { newId } from '../../ids.ts';
import type { WiderIncident } from '../../incidents/wider.ts';
import { channels, incidents } from '../../schema/channels.ts';
import { incidentChannels } from '../../schema/incidents.ts';
import { notices } from '../../schema/notices.ts';
import { tellOfProvider } from './provider-events.ts';

/*
 * A refused sign-in is the person's own, until people of several tenants meet it together: then a mistake of ours or of
 * the provider is likelier. Their notices wait for the operator, for half an hour at most, and go out.
 */

const isOpen = and(
  isNull(incidents.channelId),
  isNull(incidents.closedAt),
  eq(incidents.scope, 'provider'),
  eq(incidents.action, 'reauthorize'),
);

interface Refused {
  accessType: AccessType;
  channels: number;
  tenants: number;
  reason: StatusReason | null;
  providerCode: string | null;
}

/** Opens, continues and closes the incidents of many people who have to sign in together; returns those that opened. */
export async function turnMassReauthorizations(database: Database, now: Date): Promise<WiderIncident[]> {
  return database.acrossTenants(async (tx) => {
    const since = new Date(now.getTime() - TOGETHER_MS);
    const refused = await countRefused(tx, since);
    const open = await tx.select().from(incidents).where(isOpen);
    const opened: WiderIncident[] = [];
    for (const group of refused.filter(isMass)) {
      const known = open.find(({ provider }) => provider === group.accessType);
      const incident = known ?? (await openMass(tx, group, now));
      if (!incident) continue;
      if (!known) opened.push(incident);
      await addMembers(tx, incident, since, now);
      await holdNotices(tx, incident, now);
    }
    for (const incident of open) {
      // A notice that was planned while its incident was released would wait for the whole half hour.
      if (incident.holdsUntil !== null && incident.holdsUntil <= now) await letGo(tx, incident.id, now);
      const isOver = !refused.some((group) => group.accessType === incident.provider && isMass(group));
      if (isOver && (incident.holdsUntil === null || incident.holdsUntil <= now)) await closeMass(tx, incident, now);
    }
    return opened;
  });
}

const isMass = (group: Refused) =>
  group.channels >= MASS_REAUTHORIZATION.channels && group.tenants >= MASS_REAUTHORIZATION.tenants;

const isRefusedSince = (since: Date) =>
  and(eq(channels.status, sql`'reauth_required'`), gt(channels.statusSince, since));

function countRefused(tx: Transaction, since: Date): Promise<Refused[]> {
  return tx
    .select({
      accessType: channels.accessType,
      channels: sql<number>`count(*)::integer`,
      tenants: sql<number>`count(distinct ${channels.tenantId})::integer`,
      reason: sql<StatusReason | null>`mode() within group (order by ${channels.statusReason})`,
      providerCode: sql<string | null>`mode() within group (order by ${channels.providerCode})`,
    })
    .from(channels)
    .where(isRefusedSince(since))
    .groupBy(channels.accessType);
}

async function openMass(tx: Transaction, group: Refused, now: Date): Promise<WiderIncident | null> {
  const { accessType: provider, reason, providerCode, channels: count } = group;
  const values = { scope: 'provider', provider, reason, providerCode, action: 'reauthorize', openedAt: now } as const;
  const holdsUntil = new Date(now.getTime() + HELD_FOR_MS);
  const [row] = await tx
    .insert(incidents)
    .values({ id: newId('inc'), ...values, holdsUntil })
    .onConflictDoNothing()
    .returning();
  if (!row) return null;
  await tellOfProvider(tx, 'incident.opened', row, now, { channels: count });
  return row;
}

async function addMembers(tx: Transaction, { id, provider }: WiderIncident, since: Date, now: Date): Promise<void> {
  const refused = tx
    .select({
      incidentId: sql<string>`${id}`.as('incident_id'),
      channelId: channels.id,
      tenantId: channels.tenantId,
      joinedAt: sql<Date>`${now.toISOString()}::timestamptz`.as('joined_at'),
    })
    .from(channels)
    .where(and(isRefusedSince(since), eq(channels.accessType, provider)));
  await tx.insert(incidentChannels).select(refused).onConflictDoNothing();
}

/** Those that were planned before the incident opened; later ones are planned as held. */
async function holdNotices(tx: Transaction, { id, holdsUntil }: WiderIncident, now: Date): Promise<void> {
  if (holdsUntil === null || holdsUntil <= now) return;
  const members = tx
    .select({ id: incidentChannels.channelId })
    .from(incidentChannels)
    .where(eq(incidentChannels.incidentId, id));
  await tx
    .update(notices)
    .set({ heldBy: id, heldUntil: holdsUntil })
    .where(
      and(
        inArray(notices.channelId, members),
        eq(notices.state, sql`'queued'`),
        eq(notices.kind, 'reauth_required'),
        isNull(notices.heldBy),
        isNull(notices.attemptedAt),
      ),
    );
}

async function closeMass(tx: Transaction, incident: WiderIncident, now: Date): Promise<void> {
  await tx.update(incidents).set({ closedAt: now }).where(eq(incidents.id, incident.id));
  await letGo(tx, incident.id, now);
  await tellOfProvider(tx, 'incident.closed', incident, now);
}

/** The operator lets the notices of an incident go. */
export async function releaseNotices(database: Database, incidentId: string, now: Date): Promise<void> {
  await database.acrossTenants(async (tx) => {
    await tx
      .update(incidents)
      .set({ holdsUntil: now })
      .where(and(eq(incidents.id, incidentId), isNotNull(incidents.holdsUntil)));
    await letGo(tx, incidentId, now);
  });
}

/** A digest's and quiet hours' own time stays. */
async function letGo(tx: Transaction, incidentId: string, now: Date): Promise<void> {
  await tx
    .update(notices)
    .set({ heldBy: null, heldUntil: null, dueAt: sql`greatest(${notices.dueAt}, ${now.toISOString()}::timestamptz)` })
    .where(and(eq(notices.heldBy, incidentId), eq(notices.state, sql`'queued'`)));
}
