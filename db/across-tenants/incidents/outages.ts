import { and, desc, eq, gt, inArray, isNotNull, isNull, sql } from 'drizzle-orm';
import type { AccessType } from '../../../domain/access-type.ts';
import { LEAST_FAILING, providerThreshold, serverThreshold, TOGETHER_MS } from '../../../domain/incidents/incident.ts';
import type { StatusReason } from '../../../domain/verdict.ts';
import type { Database, Transaction } from '../../client.ts';
import { newId } from '../../ids.ts';
import type { WiderIncident } from '../../incidents/wider.ts';
import { channels, hasNotLeft, incidents } from '../../schema/channels.ts';
import { incidentChannels } from '../../schema/incidents.ts';
import { tellOfProvider } from './provider-events.ts';

/*
 * Channels of one provider or mail server that fail together, with trouble that heals by itself, are one problem (rule
 * 11). The sweep looks for them, by indexes of those that fail: a failure itself costs nothing, at any number of channels.
 */

/** An outage that returns within this time is the same one, in ms. */
const REOPENED_WITHIN_MS = 15 * 60_000;
/** An outage closes when fewer channels fail than make one for so long, in ms. */
const CALM_MS = 3 * 60_000;
const FOLDED_AT_ONCE = 5_000;

/** The channels that fail together: of one mail server or, with `server` null, of a provider. */
interface Group {
  accessType: AccessType;
  server: string | null;
  failing: number;
  reason: StatusReason | null;
  providerCode: string | null;
}

const isOutage = and(
  isNull(incidents.channelId),
  isNull(incidents.closedAt),
  eq(incidents.scope, 'provider'),
  eq(incidents.action, 'none'),
);
const isDegraded = eq(channels.status, sql`'degraded'`);
const ofGroup = ({ accessType, server }: Pick<Group, 'accessType' | 'server'>) =>
  and(eq(channels.accessType, accessType), server === null ? undefined : eq(channels.serverKey, server));

/** Opens incidents for what fails together; returns those that are new. */
export async function openOutages(database: Database, now: Date): Promise<WiderIncident[]> {
  return database.acrossTenants(async (tx) => {
    const failing = await countFailing(tx, new Date(now.getTime() - TOGETHER_MS));
    if (failing.length === 0) return [];
    const open = await tx.select().from(incidents).where(isOutage);
    const isKnown = ({ accessType, server }: Group) =>
      open.some((one) => one.provider === accessType && (one.server === null || one.server === server));
    const opened: WiderIncident[] = [];
    const servers = failing.filter((group) => group.server !== '' && !isKnown(group));
    const down = new Set<Group>();
    for (const group of servers) {
      if (group.failing < LEAST_FAILING.server || group.failing < serverThreshold(await countLive(tx, group))) continue;
      down.add(group);
      opened.push(...(await openOutage(tx, group, now)));
    }
    // Failures that one dead server explains say nothing about the provider.
    const rest = failing.filter((group) => !down.has(group) && !isKnown(group));
    for (const group of byProvider(rest)) {
      if (isKnown(group) || group.failing < LEAST_FAILING.provider) continue;
      if (group.failing < providerThreshold(await countLive(tx, group))) continue;
      opened.push(...(await openOutage(tx, group, now)));
    }
    return opened;
  });
}

async function countFailing(tx: Transaction, since: Date): Promise<Group[]> {
  return tx
    .select({
      accessType: channels.accessType,
      server: channels.serverKey,
      failing: sql<number>`count(*)::integer`,
      reason: sql<StatusReason | null>`mode() within group (order by ${channels.statusReason})`,
      providerCode: sql<string | null>`mode() within group (order by ${channels.providerCode})`,
    })
    .from(channels)
    .where(and(isDegraded, gt(channels.statusSince, since)))
    .groupBy(channels.accessType, channels.serverKey);
}

/** Groups of servers as one of their provider; the largest says why. */
function byProvider(groups: Group[]): Group[] {
  const whole = new Map<AccessType, Group>();
  for (const group of groups.toSorted((a, b) => b.failing - a.failing)) {
    const known = whole.get(group.accessType);
    if (known) known.failing += group.failing;
    else whole.set(group.accessType, { ...group, server: null });
  }
  return [...whole.values()];
}

async function countLive(tx: Transaction, group: Group): Promise<number> {
  const isAtServer = group.server === null ? undefined : sql`${channels.serverKey} <> ''`;
  const [row] = await tx
    .select({ live: sql<number>`count(*)::integer` })
    .from(channels)
    .where(and(ofGroup(group), isAtServer, hasNotLeft(channels.status)));
  return row?.live ?? 0;
}

/** One incident, told once: one that closed a moment ago is reopened. Empty where it is not new. */
async function openOutage(tx: Transaction, group: Group, now: Date): Promise<WiderIncident[]> {
  const { accessType: provider, server, reason, providerCode, failing } = group;
  if (await reopenOutage(tx, group, now)) return [];
  const values = { scope: 'provider', provider, server, reason, providerCode, action: 'none', openedAt: now } as const;
  const [row] = await tx
    .insert(incidents)
    .values({ id: newId('inc'), ...values })
    .onConflictDoNothing()
    .returning();
  if (!row) return [];
  await tellOfProvider(tx, 'incident.opened', row, now, { channels: failing });
  return [row];
}

async function reopenOutage(tx: Transaction, { accessType, server }: Group, now: Date): Promise<boolean> {
  const [last] = await tx
    .select({ id: incidents.id })
    .from(incidents)
    .where(
      and(
        isNull(incidents.channelId),
        eq(incidents.scope, 'provider'),
        eq(incidents.provider, accessType),
        eq(incidents.action, 'none'),
        server === null ? isNull(incidents.server) : eq(incidents.server, server),
        gt(incidents.closedAt, new Date(now.getTime() - REOPENED_WITHIN_MS)),
      ),
    )
    .orderBy(desc(incidents.closedAt))
    .limit(1);
  if (!last) return false;
  await tx.update(incidents).set({ closedAt: null, calmSince: null, reopenedAt: now }).where(eq(incidents.id, last.id));
  return true;
}

/**
 * The open outages take in the channels that fail: those from before they opened, a page at a time, and those that
 * degraded meanwhile and did not see them. The channels' own incidents become part of them. True: there is more to do.
 */
export async function foldIntoOutages(database: Database, now: Date): Promise<boolean> {
  return database.acrossTenants(async (tx) => {
    const open = await tx.select().from(incidents).where(isOutage);
    let isFull = false;
    for (const incident of open) {
      const began = (incident.reopenedAt ?? incident.openedAt).getTime();
      if (now.getTime() - began > TOGETHER_MS) continue;
      const since = new Date(began - TOGETHER_MS);
      isFull = (await fold(tx, incident, since, now)) === FOLDED_AT_ONCE || isFull;
    }
    return isFull;
  });
}

async function fold(tx: Transaction, incident: WiderIncident, since: Date, now: Date): Promise<number> {
  const { id, provider: accessType, server } = incident;
  const isMember = tx
    .select({ one: sql`1` })
    .from(incidentChannels)
    .where(and(eq(incidentChannels.incidentId, id), eq(incidentChannels.channelId, channels.id)));
  const failing = await tx
    .select({ channelId: channels.id, tenantId: channels.tenantId, own: channels.incidentId })
    .from(channels)
    .where(
      and(isDegraded, ofGroup({ accessType, server }), gt(channels.statusSince, since), sql`not exists ${isMember}`),
    )
    .limit(FOLDED_AT_ONCE)
    .for('update', { skipLocked: true });
  if (failing.length === 0) return 0;
  const ids = failing.map(({ channelId }) => channelId);
  await tx.execute(sql`
    insert into ${incidentChannels} (incident_id, channel_id, tenant_id, joined_at)
    select ${id}, c.id, c.tenant_id, ${now.toISOString()}::timestamptz from ${channels} c
    where c.id in ${ids} on conflict do nothing`);
  const own = failing.flatMap((channel) => channel.own ?? []);
  await tx
    .update(incidents)
    .set({ foldedInto: id })
    .where(
      and(
        inArray(incidents.id, own),
        isNotNull(incidents.channelId),
        isNull(incidents.closedAt),
        eq(incidents.neededPerson, false),
      ),
    );
  return failing.length;
}

/** Closes the outages that are over: no channel fails, or for some minutes fewer than make one. Returns them. */
export async function closeOutages(database: Database, now: Date): Promise<WiderIncident[]> {
  return database.acrossTenants(async (tx) => {
    const open = await tx.select().from(incidents).where(isOutage).for('update', { skipLocked: true });
    const closed: WiderIncident[] = [];
    for (const incident of open) {
      if (!(await isOver(tx, incident, now))) continue;
      await tx.update(incidents).set({ closedAt: now }).where(eq(incidents.id, incident.id));
      await leaveToThemselves(tx, incident, now);
      if (incident.reopenedAt === null) await tellOfProvider(tx, 'incident.closed', incident, now);
      closed.push(incident);
    }
    return closed;
  });
}

async function isOver(tx: Transaction, incident: WiderIncident, now: Date): Promise<boolean> {
  const { provider: accessType, server, calmSince } = incident;
  const group = { accessType, server, failing: 0, reason: null, providerCode: null };
  const live = await countLive(tx, group);
  const threshold = server === null ? providerThreshold(live) : serverThreshold(live);
  const failing = await countDegraded(tx, group, threshold);
  if (failing === 0) return true;
  const isCalm = failing < threshold;
  if (isCalm && calmSince !== null) return now.getTime() - calmSince.getTime() >= CALM_MS;
  if (isCalm !== (calmSince !== null)) {
    await tx
      .update(incidents)
      .set({ calmSince: isCalm ? now : null })
      .where(eq(incidents.id, incident.id));
  }
  return false;
}

/** How many of a group fail; it counts up to `most`. */
async function countDegraded(tx: Transaction, group: Group, most: number): Promise<number> {
  const failing = await tx
    .select({ id: channels.id })
    .from(channels)
    .where(and(isDegraded, ofGroup(group)))
    .limit(most);
  return failing.length;
}

/** A channel that still fails when the outage is over has a problem of its own. */
async function leaveToThemselves(tx: Transaction, { id, provider }: WiderIncident, now: Date): Promise<void> {
  await tx
    .update(incidents)
    .set({ foldedInto: null })
    .where(and(eq(incidents.foldedInto, id), isNull(incidents.closedAt)));
  const left = await tx
    .select({
      tenantId: channels.tenantId,
      channelId: channels.id,
      reason: channels.statusReason,
      providerCode: channels.providerCode,
      action: channels.action,
    })
    .from(channels)
    .where(and(eq(channels.incidentId, id), isNotNull(channels.incidentId), isDegraded))
    .for('update');
  for (const channel of left) {
    const own = newId('inc');
    await tx.insert(incidents).values({ id: own, provider, openedAt: now, ...channel });
    await tx.update(channels).set({ incidentId: own }).where(eq(channels.id, channel.channelId));
  }
}
