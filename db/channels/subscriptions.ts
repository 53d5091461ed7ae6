import { eq } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { subscriptions } from '../schema/subscriptions.ts';

export type SubscriptionRow = InferSelectModel<typeof subscriptions>;

export async function findSubscription(tx: Transaction, channelId: string): Promise<SubscriptionRow | null> {
  const [row] = await tx.select().from(subscriptions).where(eq(subscriptions.channelId, channelId));
  return row ?? null;
}

/** A subscription that was not requested yet. */
export function newSubscription(channel: { id: string; tenantId: string }, now: Date): SubscriptionRow {
  const { id: channelId, tenantId } = channel;
  const nothing = { reference: null, stateHash: null, expiresAt: null };
  return { channelId, tenantId, ...nothing, renewAt: now, failures: 0, failingSince: null };
}

/** Stores the channel's subscription, replacing any earlier one. */
export async function saveSubscription(tx: Transaction, row: SubscriptionRow): Promise<void> {
  await tx.insert(subscriptions).values(row).onConflictDoUpdate({ target: subscriptions.channelId, set: row });
}

/** The subscription ended or is no longer wanted. */
export async function deleteSubscription(tx: Transaction, channelId: string): Promise<void> {
  await tx.delete(subscriptions).where(eq(subscriptions.channelId, channelId));
}

/** The provider ended it: another is requested at once. */
export async function dropSubscription(tx: Transaction, channelId: string, now: Date): Promise<void> {
  await tx
    .update(subscriptions)
    .set({ reference: null, stateHash: null, expiresAt: null, renewAt: now })
    .where(eq(subscriptions.channelId, channelId));
}

/** Moves the renewal to `renewAt`; does nothing without a subscription. */
export async function planRenewal(tx: Transaction, channelId: string, renewAt: Date): Promise<void> {
  await tx.update(subscriptions).set({ renewAt }).where(eq(subscriptions.channelId, channelId));
}
