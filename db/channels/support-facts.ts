import { desc, eq, sql } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { credentials, refreshAttempts } from '../schema/credentials.ts';
import { heldConnections } from '../schema/held-connections.ts';
import { notices } from '../schema/notices.ts';
import { subscriptions } from '../schema/subscriptions.ts';

/*
 * What a support bundle says of a channel beside the API's own answers. Every column is named: a new one stays out until
 * it is known to be no secret.
 */

/** The credential without its secrets; null: it is shredded. */
export async function findCredentialForSupport(tx: Transaction, channelId: string) {
  const [row] = await tx
    .select({
      kind: credentials.kind,
      version: credentials.version,
      secretVersion: credentials.secretVersion,
      issuedAt: credentials.issuedAt,
      expiresAt: credentials.expiresAt,
      accessTokenRefusedAt: credentials.accessTokenRefusedAt,
      scopes: credentials.scopes,
      rotation: credentials.rotation,
      isLeased: sql<boolean>`${credentials.leaseOwner} is not null`,
      updatedAt: credentials.updatedAt,
    })
    .from(credentials)
    .where(eq(credentials.channelId, channelId));
  return row ?? null;
}

/** The outcomes of the last refreshes, newest first; their answers stay sealed. */
export async function listAttemptsForSupport(tx: Transaction, channelId: string, limit: number) {
  return tx
    .select({
      version: refreshAttempts.version,
      startedAt: refreshAttempts.startedAt,
      sentAt: refreshAttempts.sentAt,
      answeredAt: refreshAttempts.answeredAt,
      abandonedAt: refreshAttempts.abandonedAt,
      outcome: refreshAttempts.outcome,
      probe: refreshAttempts.probe,
    })
    .from(refreshAttempts)
    .where(eq(refreshAttempts.channelId, channelId))
    .orderBy(desc(refreshAttempts.version), desc(refreshAttempts.startedAt))
    .limit(limit);
}

/** How the channel hears of news: its subscription at the provider, and its held connection. */
export async function findWatchForSupport(tx: Transaction, channelId: string) {
  const [subscription] = await tx
    .select({
      expiresAt: subscriptions.expiresAt,
      renewAt: subscriptions.renewAt,
      failures: subscriptions.failures,
      failingSince: subscriptions.failingSince,
    })
    .from(subscriptions)
    .where(eq(subscriptions.channelId, channelId));
  const [connection] = await tx
    .select({
      leaseUntil: heldConnections.leaseUntil,
      failures: heldConnections.failures,
      retryAt: heldConnections.retryAt,
      refusedVersion: heldConnections.refusedVersion,
    })
    .from(heldConnections)
    .where(eq(heldConnections.channelId, channelId));
  return { subscription: subscription ?? null, connection: connection ?? null };
}

/** The notices, newest first. */
export async function listNoticesForSupport(tx: Transaction, channelId: string, limit: number) {
  return tx
    .select({
      id: notices.id,
      incidentId: notices.incidentId,
      kind: notices.kind,
      recipient: notices.recipient,
      why: notices.why,
      state: notices.state,
      dueAt: notices.dueAt,
      attempts: notices.attempts,
      error: notices.error,
      at: notices.at,
    })
    .from(notices)
    .where(eq(notices.channelId, channelId))
    .orderBy(desc(notices.id))
    .limit(limit);
}

export async function serverVersion(tx: Transaction): Promise<string> {
  const [row] = await tx.execute<{ version: string }>(sql`select current_setting('server_version') as version`);
  return row?.version ?? '';
}
