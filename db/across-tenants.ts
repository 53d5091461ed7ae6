import { and, count, eq, inArray, isNull, ne, notInArray, or, sql } from 'drizzle-orm';
import type { ChannelRow } from './channels.ts';
import type { Database, Transaction } from './client.ts';
import { leaseConnections, renewLeases } from './held-connections.ts';
import type { HeldConnection, Lease } from './held-connections.ts';
import { newId } from './ids.ts';
import { turnOutbox } from './outbox.ts';
import type { OutboxTurn } from './outbox.ts';
import { takeForgotten } from './reconcile.ts';
import type { Forgotten } from './reconcile.ts';
import { channels, incidents, nudges } from './schema/channels.ts';
import { credentials } from './schema/credentials.ts';
import { imports } from './schema/imports.ts';
import { links } from './schema/links.ts';
import { messages } from './schema/messages.ts';
import { findSignIn } from './sign-ins.ts';
import { findConsignment, listOverdue, recordProgress } from './webhook-deliveries.ts';
import type { Consignment, DeliveryProgress, NewDelivery } from './webhook-deliveries.ts';
import { disableEndpoint } from './webhook-endpoints.ts';

/*
 * Everything that must look across tenants, and nothing else: the one caller of `Database.acrossTenants` (rule 14,
 * held by test/architecture.test.ts).
 */

const OWNED = { channel: channels, link: links, import: imports, message: messages } as const;

/** Whose it is; null when there is none. The row itself is then read in that tenant. */
export async function findTenantOf(database: Database, kind: keyof typeof OWNED, id: string): Promise<string | null> {
  const table = OWNED[kind];
  return database.acrossTenants(async (tx) => {
    const [row] = await tx.select({ tenantId: table.tenantId }).from(table).where(eq(table.id, id));
    return row?.tenantId ?? null;
  });
}

/** The link of an address: whoever holds the address needs no other right. */
export async function findLinkByHash(
  database: Database,
  hash: string,
): Promise<{ id: string; tenantId: string } | null> {
  return database.acrossTenants(async (tx) => {
    const [row] = await tx.select({ id: links.id, tenantId: links.tenantId }).from(links).where(eq(links.hash, hash));
    return row ?? null;
  });
}

/** Whose sign-in a `state` stands for. */
export async function findTenantOfSignIn(database: Database, stateHash: string): Promise<string | null> {
  return database.acrossTenants(async (tx) => (await findSignIn(tx, stateHash))?.tenantId ?? null);
}

/** Work within the reach of a key: its own tenant, or for a key that sees every tenant (null) all of them. */
export async function withinReach<T>(
  database: Database,
  tenantId: string | null,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  return tenantId === null ? database.acrossTenants(work) : database.inTenant(tenantId, work);
}

/** How many other live channels, of any tenant, rest on the same grant: revoking it would kill them too. */
export async function countLiveChannelsOnGrant(
  database: Database,
  grantKey: string,
  exceptChannelId: string,
): Promise<number> {
  return database.acrossTenants(async (tx) => {
    const [row] = await tx
      .select({ count: count() })
      .from(credentials)
      .innerJoin(channels, eq(channels.id, credentials.channelId))
      .where(
        and(
          eq(credentials.grantKey, grantKey),
          ne(channels.id, exceptChannelId),
          notInArray(channels.status, ['disconnecting', 'disconnected', 'reauth_required']),
        ),
      );
    return row?.count ?? 0;
  });
}

/** One turn of the outbox, which is one for all tenants; null when another process is at it. */
export async function turnOutboxOfAllTenants(database: Database, now: Date, limit: number): Promise<OutboxTurn | null> {
  return database.acrossTenants((tx) => turnOutbox(tx, now, limit));
}

/** A delivery's endpoint may be the product's own and belong to no tenant. */
export async function readConsignment(database: Database, deliveryId: string): Promise<Consignment | null> {
  return database.acrossTenants((tx) => findConsignment(tx, deliveryId));
}

/** What became of a delivery; `endpointGoneAt` when its receiver said that it is gone for good. */
export async function recordDelivery(
  database: Database,
  { delivery, endpoint }: Consignment,
  progress: DeliveryProgress,
  endpointGoneAt: Date | null = null,
): Promise<void> {
  await database.acrossTenants(async (tx) => {
    await recordProgress(tx, delivery.id, progress);
    if (endpointGoneAt !== null) await disableEndpoint(tx, endpoint.id, endpointGoneAt);
  });
}

/** Pending deliveries of all tenants whose attempt was due before `dueBefore`, by id. */
export async function listOverdueDeliveries(
  database: Database,
  page: { dueBefore: Date; afterId: string; limit: number },
): Promise<NewDelivery[]> {
  return database.acrossTenants((tx) => listOverdue(tx, page));
}

/** Channels that the reconcile has to wake, of every tenant. */
export async function takeForgottenChannels(
  database: Database,
  looking: Parameters<typeof takeForgotten>[1],
): Promise<Forgotten[]> {
  return database.acrossTenants((tx) => takeForgotten(tx, looking));
}

/** What a listener holds from now on: what it held and may keep, and what it takes beside that. */
export async function leaseChannelsToListen(
  database: Database,
  lease: Lease,
  taking: Parameters<typeof leaseConnections>[2],
): Promise<{ kept: HeldConnection[]; taken: HeldConnection[] }> {
  return database.acrossTenants(async (tx) => ({
    kept: await renewLeases(tx, lease),
    taken: taking.limit > 0 ? await leaseConnections(tx, lease, taking) : [],
  }));
}

/** A fault of the app's own client (`misconfigured`), as one channel has met it. */
interface OperatorFault {
  channel: ChannelRow;
  /** The client id; '' where there is none. */
  client: string;
  now: Date;
}

const operatorsIncidents = (tx: Transaction) =>
  tx.select({ id: incidents.id }).from(incidents).where(isNull(incidents.channelId));

/** Opens the operator's incident unless it is open, and shows it in the channel's row. True when it is new. */
export async function openOperatorIncident(
  database: Database,
  { channel, client, now }: OperatorFault,
): Promise<boolean> {
  const fault = { provider: channel.accessType, client, reason: channel.statusReason };
  return database.acrossTenants(async (tx) => {
    const inserted = await tx
      .insert(incidents)
      .values({ id: newId('inc'), ...fault, openedAt: now })
      .onConflictDoNothing()
      .returning({ id: incidents.id });
    const [open] = await tx.select({ id: incidents.id }).from(incidents).where(openOf(fault));
    if (!open) return false; // closed by another channel's success meanwhile
    await tx
      .update(channels)
      .set({ incidentId: open.id })
      .where(
        and(
          eq(channels.id, channel.id),
          eq(channels.action, 'fix_app_credentials'),
          or(isNull(channels.incidentId), inArray(channels.incidentId, operatorsIncidents(tx))),
        ),
      );
    return inserted.length > 0;
  });
}

const openOf = ({ provider, client }: { provider: string; client: string }) =>
  and(
    eq(incidents.provider, provider),
    eq(incidents.client, client),
    isNull(incidents.channelId),
    isNull(incidents.closedAt),
  );

/** As many as are woken at once when the client works again, over so long, in ms; the others come by themselves. */
const WOKEN_AT_ONCE = 500;
const WOKEN_WITHIN_MS = 5_000;

/**
 * A channel got through as this client: closes the operator's incident, and brings the next try of the others forward.
 * Answers with those whose nudge is new, to be signalled.
 */
export async function closeOperatorIncident(
  database: Database,
  { channel, client, now }: OperatorFault,
): Promise<Forgotten[]> {
  return database.acrossTenants(async (tx) => {
    const closed = await tx
      .update(incidents)
      .set({ closedAt: now })
      .where(openOf({ provider: channel.accessType, client }))
      .returning({ id: incidents.id });
    await tx
      .update(channels)
      .set({ incidentId: null })
      .where(
        and(
          eq(channels.id, channel.id),
          inArray(channels.status, ['connected', 'paused']),
          inArray(channels.incidentId, operatorsIncidents(tx)),
        ),
      );
    return closed.length === 0 ? [] : wakeBlocked(tx, channel, now);
  });
}

async function wakeBlocked(tx: Transaction, { accessType }: ChannelRow, now: Date): Promise<Forgotten[]> {
  const blocked = await tx
    .select({ id: channels.id, tenantId: channels.tenantId, accessType: channels.accessType })
    .from(channels)
    .where(
      and(
        eq(channels.accessType, accessType),
        eq(channels.status, 'blocked'),
        eq(channels.action, 'fix_app_credentials'),
      ),
    )
    .limit(WOKEN_AT_ONCE)
    .for('update', { skipLocked: true });
  if (blocked.length === 0) return [];
  const ids = blocked.map(({ id }) => id);
  const apart = sql`(hashtext(${channels.id}) & 1023) / 1023.0 * ${WOKEN_WITHIN_MS} * interval '1 ms'`;
  await tx
    .update(channels)
    .set({ retryAt: sql`${now.toISOString()}::timestamptz + ${apart}` })
    .where(inArray(channels.id, ids));
  const nudged = await tx
    .insert(nudges)
    .values(blocked.map(({ id, tenantId }) => ({ channelId: id, tenantId, createdAt: now, signalledAt: now })))
    .onConflictDoNothing()
    .returning({ id: nudges.channelId });
  const isNew = new Set(nudged.map(({ id }) => id));
  return blocked.filter(({ id }) => isNew.has(id));
}

/** A turn of re-wrapping the vault's records, which are everybody's. */
export async function withAllVaultRecords<T>(database: Database, work: (tx: Transaction) => Promise<T>): Promise<T> {
  return database.acrossTenants(work);
}
