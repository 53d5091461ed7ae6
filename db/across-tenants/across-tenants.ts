import { and, count, eq, inArray, ne } from 'drizzle-orm';
import { takeDueAdoptions } from '../credentials/adoptions.ts';
import type { AdoptionRow } from '../credentials/adoptions.ts';
import type { ChannelRow } from '../channels/channels.ts';
import type { Database, Transaction } from '../client.ts';
import { leaseConnections, renewLeases } from '../channels/held-connections.ts';
import type { HeldConnection, Lease } from '../channels/held-connections.ts';
import { closeDesertedIncidents, closeIncidentOfOperator, openIncidentOfOperator } from './operator-incidents.ts';
import type { OperatorFault } from './operator-incidents.ts';
import { turnOutbox } from './outbox.ts';
import type { OutboxTurn } from './outbox.ts';
import { takeForgotten } from './forgotten.ts';
import type { Forgotten } from './forgotten.ts';
import { channels } from '../schema/channels.ts';
import { credentials } from '../schema/credentials.ts';
import { imports } from '../schema/imports.ts';
import { links } from '../schema/links.ts';
import { messages } from '../schema/messages.ts';
import { subscriptions } from '../schema/subscriptions.ts';
import { findUnusedContent, pruneExpired, retireMessages } from './retention.ts';
import type { ContentPage } from './retention.ts';
import { findSignIn } from '../access/sign-ins.ts';
import { findConsignment, listOverdue, recordProgress } from '../events/deliveries.ts';
import type { Consignment, DeliveryProgress, NewDelivery } from '../events/deliveries.ts';
import { disableEndpoint } from '../events/endpoints.ts';
import { HOLDS_GRANT, WORKING } from '../../domain/channel.ts';

interface ChannelReference {
  channelId: string;
  tenantId: string;
}

/*
 * Everything that must look across tenants, and nothing else: the one caller of `Database.acrossTenants` (rule 14,
 * held by test/architecture.test.ts).
 */

const OWNED = { channel: channels, link: links, import: imports, message: messages } as const;

/** The tenant of a row; null: no such row. The row itself is then read in that tenant. */
export async function findTenantOf(database: Database, kind: keyof typeof OWNED, id: string): Promise<string | null> {
  const table = OWNED[kind];
  return database.acrossTenants(async (tx) => {
    const [row] = await tx.select({ tenantId: table.tenantId }).from(table).where(eq(table.id, id));
    return row?.tenantId ?? null;
  });
}

/** The link of an address, which is the only right that its holder needs. */
export async function findLinkByHash(
  database: Database,
  hash: string,
): Promise<{ id: string; tenantId: string } | null> {
  return database.acrossTenants(async (tx) => {
    const [row] = await tx.select({ id: links.id, tenantId: links.tenantId }).from(links).where(eq(links.hash, hash));
    return row ?? null;
  });
}

/** The tenant of the sign-in with this `state`. */
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
          inArray(channels.status, HOLDS_GRANT),
        ),
      );
    return row?.count ?? 0;
  });
}

/** A channel that is imported as mail comes. */
const IS_TOLD = and(eq(channels.importMode, 'continuous'), inArray(channels.status, WORKING));

/** The channels of any tenant that are imported as mail comes to this mailbox. */
export async function listChannelsToTell(
  database: Database,
  { accessType, mailboxKey }: Pick<ChannelRow, 'accessType' | 'mailboxKey'>,
): Promise<ChannelReference[]> {
  return database.acrossTenants((tx) =>
    tx
      .select({ channelId: channels.id, tenantId: channels.tenantId })
      .from(channels)
      .where(and(eq(channels.mailboxKey, mailboxKey), eq(channels.accessType, accessType), IS_TOLD)),
  );
}

/** The channel that a subscription of an access type was made for, if it is imported as mail comes. */
export async function listSubscribersToTell(
  database: Database,
  { accessType, reference }: { accessType: ChannelRow['accessType']; reference: string },
): Promise<ChannelReference[]> {
  return database.acrossTenants((tx) =>
    tx
      .select({ channelId: channels.id, tenantId: channels.tenantId })
      .from(subscriptions)
      .innerJoin(channels, eq(channels.id, subscriptions.channelId))
      .where(and(eq(subscriptions.reference, reference), eq(channels.accessType, accessType), IS_TOLD)),
  );
}

/** How many other channels, of any tenant, the provider tells of the same mailbox: it may do so by one subscription. */
export async function countOtherSubscribers(
  database: Database,
  { id, accessType, mailboxKey }: Pick<ChannelRow, 'id' | 'accessType' | 'mailboxKey'>,
): Promise<number> {
  return database.acrossTenants(async (tx) => {
    const [row] = await tx
      .select({ count: count() })
      .from(subscriptions)
      .innerJoin(channels, eq(channels.id, subscriptions.channelId))
      .where(
        and(
          eq(channels.mailboxKey, mailboxKey),
          eq(channels.accessType, accessType),
          ne(channels.id, id),
          eq(channels.importMode, 'continuous'),
          inArray(channels.status, HOLDS_GRANT),
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

/** Records a delivery's progress; `endpointGoneAt`: its receiver answered 410. */
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

/** Channels of every tenant that the reconcile must signal. */
export async function takeForgottenChannels(
  database: Database,
  looking: Parameters<typeof takeForgotten>[1],
): Promise<Forgotten[]> {
  return database.acrossTenants((tx) => takeForgotten(tx, looking));
}

/** Adoptions of any tenant with a stored answer, left by a dead server or due for another try. */
export async function takeAdoptionsToFinish(
  database: Database,
  taking: Parameters<typeof takeDueAdoptions>[1],
): Promise<AdoptionRow[]> {
  return database.acrossTenants((tx) => takeDueAdoptions(tx, taking));
}

/** The leases of a listener: those it keeps and those it takes. */
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

/** Opens the operator's incident unless it is open, and shows it in the channel's row. True when it is new. */
export async function openOperatorIncident(database: Database, fault: OperatorFault): Promise<boolean> {
  return database.acrossTenants((tx) => openIncidentOfOperator(tx, fault));
}

/** A channel got through as this client: closes the incident. Answers with the channels to be signalled. */
export async function closeOperatorIncident(database: Database, recovery: OperatorFault): Promise<Forgotten[]> {
  return database.acrossTenants((tx) => closeIncidentOfOperator(tx, recovery));
}

/** Closes the operator's incidents that no channel is left in; answers with how many. */
export async function closeDesertedOperatorIncidents(database: Database, now: Date): Promise<number> {
  return database.acrossTenants((tx) => closeDesertedIncidents(tx, now));
}

/** One turn of retiring messages whose retention is over; returns how many. */
export async function retireMessagesOfAllTenants(database: Database, now: Date, limit: number): Promise<number> {
  return database.acrossTenants((tx) => retireMessages(tx, { now, limit }));
}

/** Content that no message of any tenant refers to. */
export async function lookForUnusedContent(database: Database, after: string, limit: number): Promise<ContentPage> {
  return database.acrossTenants((tx) => findUnusedContent(tx, after, limit));
}

/** One turn of deleting expired rows; returns how many. */
export async function pruneExpiredOfAllTenants(database: Database, now: Date, limit: number): Promise<number> {
  return database.acrossTenants((tx) => pruneExpired(tx, { now, limit }));
}

/** A turn of re-wrapping the vault's records of all tenants. */
export async function withAllVaultRecords<T>(database: Database, work: (tx: Transaction) => Promise<T>): Promise<T> {
  return database.acrossTenants(work);
}
