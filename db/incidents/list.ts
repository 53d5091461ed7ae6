import { and, desc, eq, exists, inArray, isNotNull, isNull, lt, or, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import { toldScope } from '../../domain/incidents/incident.ts';
import type { IncidentScope } from '../../domain/incidents/incident.ts';
import { CHANNEL_COLUMNS } from '../channels/channels.ts';
import type { ChannelRow } from '../channels/channels.ts';
import type { IncidentRow } from '../channels/incidents.ts';
import type { Transaction } from '../client.ts';
import { channels, hasNotLeft, incidents } from '../schema/channels.ts';
import { incidentChannels, incidentTenants } from '../schema/incidents.ts';
import { ofClient } from './client-channels.ts';

/** How many channels and tenants an incident concerns, as far as the transaction sees them. */
export interface IncidentCounts {
  channels: number;
  tenants: number;
}

export interface IncidentFilter {
  /** null: a key that sees every tenant. */
  tenantId: string | null;
  channelId: string | null;
  state: 'open' | 'closed' | null;
  scope: IncidentScope | null;
  /** Only what is part of this incident; null: only problems of their own, unless it is one channel's list. */
  partOf: string | null;
  after: string | null;
  limit: number;
}

/**
 * Newest first. Row-level security shows a tenant its own incidents and that wider ones are; it lists those that its own
 * channels met.
 */
export async function listIncidents(tx: Transaction, filter: IncidentFilter): Promise<IncidentRow[]> {
  const wants = (own: boolean) => filter.scope === null || (filter.scope === 'channel') === own;
  const [own, wider] = await Promise.all([
    wants(true) ? listOwn(tx, filter) : [],
    wants(false) && filter.partOf === null ? listWider(tx, filter) : [],
  ]);
  return [...own, ...wider].toSorted((a, b) => (a.id < b.id ? 1 : -1)).slice(0, filter.limit);
}

const inState = (state: IncidentFilter['state']) =>
  state === null ? undefined : state === 'open' ? isNull(incidents.closedAt) : isNotNull(incidents.closedAt);

function page(tx: Transaction, { state, after, limit }: IncidentFilter, which: SQL | undefined) {
  return tx
    .select()
    .from(incidents)
    .where(and(which, inState(state), after === null ? undefined : lt(incidents.id, after)))
    .orderBy(desc(incidents.id))
    .limit(limit);
}

function listOwn(tx: Transaction, filter: IncidentFilter): Promise<IncidentRow[]> {
  const { tenantId, channelId, partOf } = filter;
  const folded = partOf === null ? isNull(incidents.foldedInto) : eq(incidents.foldedInto, partOf);
  return page(
    tx,
    filter,
    and(
      isNotNull(incidents.channelId),
      tenantId === null ? undefined : eq(incidents.tenantId, tenantId),
      channelId === null ? folded : eq(incidents.channelId, channelId),
    ),
  );
}

function listWider(tx: Transaction, filter: IncidentFilter): Promise<IncidentRow[]> {
  const { tenantId, channelId, scope } = filter;
  return page(
    tx,
    filter,
    and(
      isNull(incidents.channelId),
      scope === null ? undefined : inArray(incidents.scope, scope === 'client' ? ['client', 'service'] : [scope]),
      tenantId === null && channelId === null ? undefined : concerns(tx, channelId),
    ),
  );
}

/** Whether a wider incident concerns this channel (null: any that the transaction sees). */
function concerns(tx: Transaction, channelId: string | null): SQL | undefined {
  const one = { one: sql`1` };
  const own = channelId === null ? undefined : eq(channels.id, channelId);
  const isWaiting = or(eq(channels.incidentId, incidents.id), eq(channels.waitsFor, incidents.id));
  const met = tx
    .select(one)
    .from(incidentChannels)
    .where(
      and(
        eq(incidentChannels.incidentId, incidents.id),
        channelId === null ? undefined : eq(incidentChannels.channelId, channelId),
      ),
    );
  const live = tx
    .select(one)
    .from(channels)
    .where(
      and(
        eq(channels.accessType, incidents.provider),
        channelId === null ? hasNotLeft(channels.status) : and(own, isWaiting),
      ),
    );
  const had = tx.select(one).from(incidentTenants).where(eq(incidentTenants.incidentId, incidents.id));
  return or(
    and(eq(incidents.scope, 'provider'), exists(met)),
    and(eq(incidents.scope, 'client'), isNull(incidents.closedAt), exists(live)),
    channelId === null ? and(eq(incidents.scope, 'client'), isNotNull(incidents.closedAt), exists(had)) : undefined,
  );
}

/** An incident that the transaction sees; null also where a wider one concerns none of the tenant's channels. */
export async function findIncidentInReach(
  tx: Transaction,
  { id, tenantId }: { id: string; tenantId: string | null },
): Promise<IncidentRow | null> {
  const reach = tenantId === null ? undefined : or(eq(incidents.tenantId, tenantId), concerns(tx, null));
  const [row] = await tx
    .select()
    .from(incidents)
    .where(and(eq(incidents.id, id), reach));
  return row ?? null;
}

/** The counts of each of these incidents. */
export async function countAffected(tx: Transaction, rows: IncidentRow[]): Promise<Map<string, IncidentCounts>> {
  const counts = new Map<string, IncidentCounts>();
  const ofProvider = rows.filter(({ scope }) => scope === 'provider').map(({ id }) => id);
  if (ofProvider.length > 0) {
    const met = await tx
      .select({ id: incidentChannels.incidentId, ...counting(incidentChannels.tenantId) })
      .from(incidentChannels)
      .where(inArray(incidentChannels.incidentId, ofProvider))
      .groupBy(incidentChannels.incidentId);
    for (const { id, ...count } of met) counts.set(id, count);
  }
  const closed = rows.filter(({ scope, closedAt }) => scope === 'client' && closedAt !== null).map(({ id }) => id);
  if (closed.length > 0) {
    const had = await tx
      .select({
        id: incidentTenants.incidentId,
        channels: sql<number>`sum(${incidentTenants.channels})::integer`,
        tenants: sql<number>`count(*)::integer`,
      })
      .from(incidentTenants)
      .where(inArray(incidentTenants.incidentId, closed))
      .groupBy(incidentTenants.incidentId);
    for (const { id, ...count } of had) counts.set(id, count);
  }
  for (const row of rows)
    if (toldScope(row.scope) === 'client' && row.closedAt === null) counts.set(row.id, await countLive(tx, row));
  return counts;
}

const counting = (tenantId: typeof incidentChannels.tenantId | typeof channels.tenantId) => ({
  channels: sql<number>`count(*)::integer`,
  tenants: sql<number>`count(distinct ${tenantId})::integer`,
});

async function countLive(tx: Transaction, incident: IncidentRow): Promise<IncidentCounts> {
  const [count] = await tx.select(counting(channels.tenantId)).from(channels).where(ofClient(tx, incident));
  return count ?? { channels: 0, tenants: 0 };
}

/** A page of the channels that an incident concerns, by id. */
export async function listIncidentChannels(
  tx: Transaction,
  incident: IncidentRow,
  { after, limit }: { after: string | null; limit: number },
): Promise<ChannelRow[]> {
  const met = tx
    .select({ id: incidentChannels.channelId })
    .from(incidentChannels)
    .where(eq(incidentChannels.incidentId, incident.id));
  const which = {
    channel: eq(channels.id, incident.channelId ?? ''),
    key: undefined,
    service: ofClient(tx, incident),
    provider: inArray(channels.id, met),
    client: ofClient(tx, incident),
  }[incident.scope];
  return tx
    .select(CHANNEL_COLUMNS)
    .from(channels)
    .where(and(which ?? sql`false`, after === null ? undefined : sql`${channels.id} > ${after}`))
    .orderBy(channels.id)
    .limit(limit);
}
