import { and, eq, isNotNull } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { heldConnections } from '../schema/held-connections.ts';

export interface HeldConnection {
  channelId: string;
  tenantId: string;
  credentialVersion: number;
  /** Short connections in a row. */
  failures: number;
}

/** Ends a lease; stores the failures, the retry time and the refused credential, if any. */
export async function letGo(
  tx: Transaction,
  { owner, now }: { owner: string; now: Date },
  channelId: string,
  after: { failures: number; retryAt: Date | null; refusedVersion: number | null },
): Promise<void> {
  await tx
    .update(heldConnections)
    .set({ leaseUntil: now, ...after })
    .where(and(eq(heldConnections.channelId, channelId), eq(heldConnections.owner, owner)));
}

/** The password was taken after all: its connection is held again. */
export async function forgetRefusedVersion(tx: Transaction, channelId: string): Promise<void> {
  await tx
    .update(heldConnections)
    .set({ refusedVersion: null })
    .where(and(eq(heldConnections.channelId, channelId), isNotNull(heldConnections.refusedVersion)));
}

/** The failures of a held connection say nothing of the next access. The listener ends the connection by its version. */
export async function forgetFailures(tx: Transaction, channelId: string): Promise<void> {
  await tx
    .update(heldConnections)
    .set({ failures: 0, retryAt: null, refusedVersion: null })
    .where(eq(heldConnections.channelId, channelId));
}
