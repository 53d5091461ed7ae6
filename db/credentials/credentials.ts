import { and, eq, getTableColumns, isNotNull, isNull, sql } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import { CREDENTIALS_TOPIC } from '../../domain/notify-topics.ts';
import { lockChannel } from '../channels/channels.ts';
import type { ChannelRow } from '../channels/channels.ts';
import type { Transaction } from '../client.ts';
import { credentials, refreshAttempts } from '../schema/credentials.ts';

export type CredentialRow = InferSelectModel<typeof credentials>;
export type NewCredential = typeof credentials.$inferInsert;

const { sealedSecret: _, accessTokenJwe: __, ...stateColumns } = getTableColumns(credentials);
/** A credential without what is sealed or encrypted of it. */
export type CredentialState = Omit<CredentialRow, 'sealedSecret' | 'accessTokenJwe'>;

/** All that the server may read of a credential: its token comes from the token read, with an audit row. */
export async function findCredentialState(tx: Transaction, channelId: string): Promise<CredentialState | null> {
  const [row] = await tx.select(stateColumns).from(credentials).where(eq(credentials.channelId, channelId));
  return row ?? null;
}

/** With its secret: for workers and listeners. */
export async function findCredential(tx: Transaction, channelId: string): Promise<CredentialRow | null> {
  const [row] = await tx.select().from(credentials).where(eq(credentials.channelId, channelId));
  return row ?? null;
}

/**
 * Holds a channel until the transaction ends, and reads its credential as it is from then on: one trip to PostgreSQL,
 * in this order.
 */
export async function lockWithCredential(
  tx: Transaction,
  channelId: string,
): Promise<{ channel: ChannelRow | null; credential: CredentialRow | null }> {
  const [channel, credential] = await Promise.all([lockChannel(tx, channelId), findCredential(tx, channelId)]);
  return { channel, credential };
}

export async function insertCredential(tx: Transaction, row: NewCredential): Promise<void> {
  await tx.insert(credentials).values(row);
  await notifyReaders(tx, row.channelId);
}

/**
 * Replaces the version `replaces` by a new one (rule 2). False when another version is live by now: nothing changed,
 * and the caller drops its result (a refresh) or reads again (a reauthorization).
 */
export async function swapCredential(
  tx: Transaction,
  replaces: { channelId: string; version: number },
  values: Partial<Omit<NewCredential, 'channelId' | 'tenantId'>> & { version: number },
): Promise<boolean> {
  const rows = await tx
    .update(credentials)
    .set({ ...values, leaseOwner: null, leaseUntil: null })
    .where(and(eq(credentials.channelId, replaces.channelId), eq(credentials.version, replaces.version)))
    .returning({ version: credentials.version, told: tellReaders(replaces.channelId) });
  return rows.length > 0;
}

/** Deletes the ciphertext for good, with token answers that were not read yet. */
export async function shredCredential(tx: Transaction, channelId: string): Promise<void> {
  await tx.delete(credentials).where(eq(credentials.channelId, channelId));
  // Those of a former access end with it: they may have the only token that still ends its grant.
  const isLive = and(eq(refreshAttempts.channelId, channelId), isNull(refreshAttempts.formerAccessId));
  await tx.delete(refreshAttempts).where(isLive);
  await notifyReaders(tx, channelId);
}

/** The provider was seen or reported to refuse this version's access token: it is not served any more (rule 6). */
export async function markTokenRefused(tx: Transaction, channelId: string, version: number, now: Date): Promise<void> {
  await tx
    .update(credentials)
    .set({ accessTokenRefusedAt: now })
    .where(and(eq(credentials.channelId, channelId), eq(credentials.version, version)));
}

/** The next refresh and the next sign-in carry these claims, until a new version is stored. */
export async function keepClaims(tx: Transaction, channelId: string, version: number, claims: string): Promise<void> {
  await tx
    .update(credentials)
    .set({ claims })
    .where(and(eq(credentials.channelId, channelId), eq(credentials.version, version)));
}

/** The provider has just accepted this version's access token: a report to the contrary was wrong. */
export async function clearTokenRefused(tx: Transaction, channelId: string, version: number): Promise<void> {
  const refused = isNotNull(credentials.accessTokenRefusedAt);
  const cleared = await tx
    .update(credentials)
    .set({ accessTokenRefusedAt: null })
    .where(and(eq(credentials.channelId, channelId), eq(credentials.version, version), refused))
    .returning({ version: credentials.version });
  // A NOTIFY makes commits wait for each other: none goes out where no reader can be waiting.
  if (cleared.length > 0) await notifyReaders(tx, channelId);
}

/** Notifies readers that wait for this channel's token, when the transaction commits. */
export async function notifyReaders(tx: Transaction, channelId: string): Promise<void> {
  await tx.execute(sql`select ${tellReaders(channelId)}`);
}

const tellReaders = (channelId: string) => sql`pg_notify(${CREDENTIALS_TOPIC}, ${channelId})`;
