import { eq } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { subscriptions } from '../schema/subscriptions.ts';

export type SubscriptionRow = InferSelectModel<typeof subscriptions>;

export async function findSubscription(tx: Transaction, channelId: string): Promise<SubscriptionRow | null> {
  const [row] = await tx.select().from(subscriptions).where(eq(subscriptions.channelId, channelId));
  return row ?? null;
}

/** One that nobody has asked for yet. */
export function newSubscription(channel: { id: string; tenantId: string }, now: Date): SubscriptionRow {
  const { id: channelId, tenantId } = channel;
  const nothing = { reference: null, stateHash: null, expiresAt: null };
  return { channelId, tenantId, ...nothing, renewAt: now, failures: 0, failingSince: null };
}

/** The one of this channel as it is now, whatever it was. */
export async function saveSubscription(tx: Transaction, row: SubscriptionRow): Promise<void> {
  await tx.insert(subscriptions).values(row).onConflictDoUpdate({ target: subscriptions.channelId, set: row });
}

/** Nobody is told any more, or nobody wants to be. */
export async function deleteSubscription(tx: Transaction, channelId: string): Promise<void> {
  await tx.delete(subscriptions).where(eq(subscriptions.channelId, channelId));
}

/** The provider has ended it: another is asked for at once. */
export async function dropSubscription(tx: Transaction, channelId: string, now: Date): Promise<void> {
  await tx
    .update(subscriptions)
    .set({ reference: null, stateHash: null, expiresAt: null, renewAt: now })
    .where(eq(subscriptions.channelId, channelId));
}

/** Sees to it at `renewAt`; nothing where there is none. */
export async function planRenewal(tx: Transaction, channelId: string, renewAt: Date): Promise<void> {
  await tx.update(subscriptions).set({ renewAt }).where(eq(subscriptions.channelId, channelId));
}
