import { and, eq, getTableColumns, ne, sql } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import type { ChannelState } from '../../domain/channel.ts';
import { CHANNELS_TOPIC } from '../../domain/notify-topics.ts';
import type { Transaction } from '../client.ts';
import { channels, hasNotLeft } from '../schema/channels.ts';
import { watches } from '../schema/watches.ts';

export type ChannelRow = InferSelectModel<typeof channels>;

const watched = (column: typeof watches.coveredUntil | typeof watches.watchedAt) =>
  sql`(select ${column} from ${watches} where ${watches.channelId} = ${channels.id})`;

/**
 * The columns of a row as `ChannelRow` has them. A quiet look writes its own row alone: what it proved is added here, so
 * that a row is the same whichever process found it out.
 */
export const CHANNEL_COLUMNS = {
  ...getTableColumns(channels),
  coveredUntil: sql<Date | null>`greatest(${channels.coveredUntil}, ${watched(watches.coveredUntil)})`.mapWith(
    channels.coveredUntil,
  ),
  lastVerifiedAt: sql<Date | null>`greatest(${channels.lastVerifiedAt}, ${watched(watches.watchedAt)})`.mapWith(
    channels.lastVerifiedAt,
  ),
};

export async function findChannel(tx: Transaction, id: string): Promise<ChannelRow | null> {
  const [row] = await tx.select(CHANNEL_COLUMNS).from(channels).where(eq(channels.id, id));
  return row ?? null;
}

/** Reads a channel and holds it until the transaction ends: every change of its life goes through this lock. */
export async function lockChannel(tx: Transaction, id: string): Promise<ChannelRow | null> {
  const [row] = await tx.select(CHANNEL_COLUMNS).from(channels).where(eq(channels.id, id)).for('update');
  return row ?? null;
}

/**
 * Locks a channel against other locks, but not against new rows that refer to it: the content of the next messages need
 * not wait for the commit of the last.
 */
export async function holdChannel(tx: Transaction, id: string): Promise<ChannelRow | null> {
  const [row] = await tx.select(CHANNEL_COLUMNS).from(channels).where(eq(channels.id, id)).for('no key update');
  return row ?? null;
}

/** What a live channel of a tenant is found by. */
export type AccountKey = Pick<ChannelRow, 'tenantId' | 'accessType' | 'mailboxKey' | 'serverKey'>;

const isLiveAt = (key: AccountKey) =>
  and(
    eq(channels.tenantId, key.tenantId),
    eq(channels.accessType, key.accessType),
    eq(channels.mailboxKey, key.mailboxKey),
    eq(channels.serverKey, key.serverKey),
    hasNotLeft(channels.status),
  );

/**
 * Holds an account until the transaction ends, also one that has no channel yet: of two sign-ins at once, the second finds
 * the channel that the first made or moved. Call it before a channel is locked, or two sign-ins wait for each other.
 */
export async function holdAccount(tx: Transaction, key: AccountKey): Promise<void> {
  const account = JSON.stringify([key.tenantId, key.accessType, key.mailboxKey, key.serverKey]);
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${account}, 0))`);
}

/** The live channel of an account, if there is one: connecting it again reauthorizes it. Locked. */
export async function findLiveChannel(tx: Transaction, key: AccountKey): Promise<ChannelRow | null> {
  const [row] = await tx.select(CHANNEL_COLUMNS).from(channels).where(isLiveAt(key)).for('update');
  return row ?? null;
}

/** Another live channel of an account. It is not locked: the caller has locked its own, and the other may want that one. */
export async function findOtherLiveChannel(
  tx: Transaction,
  key: AccountKey,
  channelId: string,
): Promise<Pick<ChannelRow, 'id'> | null> {
  const [row] = await tx
    .select({ id: channels.id })
    .from(channels)
    .where(and(isLiveAt(key), ne(channels.id, channelId)));
  return row ?? null;
}

/** A live channel of the same address that is not at this server. */
export async function findLiveChannelElsewhere(
  tx: Transaction,
  { tenantId, accessType, serverKey, email }: Omit<AccountKey, 'mailboxKey'> & { email: string },
): Promise<ChannelRow | null> {
  const [row] = await tx
    .select(CHANNEL_COLUMNS)
    .from(channels)
    .where(
      and(
        eq(channels.tenantId, tenantId),
        eq(channels.accessType, accessType),
        ne(channels.serverKey, serverKey),
        eq(sql`lower(${channels.accountEmail})`, email.toLowerCase()),
        hasNotLeft(channels.status),
      ),
    )
    .limit(1);
  return row ?? null;
}

/** null: its account has a live channel by now, which another transaction has made. */
export async function insertChannel(tx: Transaction, row: typeof channels.$inferInsert): Promise<ChannelRow | null> {
  const [inserted] = await tx.insert(channels).values(row).onConflictDoNothing().returning();
  return inserted ?? null;
}

/** Changes columns outside the life cycle, which only `channels/happenings.ts` writes. */
export async function updateChannel(
  tx: Transaction,
  id: string,
  values: Partial<Omit<typeof channels.$inferInsert, 'id' | 'tenantId' | 'status'>>,
): Promise<ChannelRow> {
  const [row] = await tx.update(channels).set(values).where(eq(channels.id, id)).returning(CHANNEL_COLUMNS);
  if (!row) throw new Error(`No channel ${id} in this tenant`);
  return row;
}

export function stateOf(row: ChannelRow): ChannelState {
  return {
    status: row.status,
    reason: row.statusReason,
    action: row.action,
    providerCode: row.providerCode,
    // Rows that were paused before `paused_at` existed show it by their status alone.
    paused: row.pausedAt !== null || row.status === 'paused',
    credentialVersion: row.credentialVersion,
  };
}

/** Notifies open pages that a channel shows something else, for which there is no event, when the transaction commits. */
export async function notifyPages(
  tx: Transaction,
  { tenantId, id }: Pick<ChannelRow, 'tenantId' | 'id'>,
): Promise<void> {
  await tx.execute(sql`select pg_notify(${CHANNELS_TOPIC}, ${JSON.stringify([tenantId, id])})`);
}
