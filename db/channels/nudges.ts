import { eq } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { updateChannel } from './channels.ts';
import type { ChannelRow } from './channels.ts';
import { nudges } from '../schema/channels.ts';

/**
 * Says "this channel has news". True when the row is new: then the caller signals the workflow after the commit. When
 * it existed, its writer has signalled or the reconcile will; so ten thousand pushes are one signal.
 * Call it after the fact itself was written: then the channel's row is locked, and the look that takes the nudge comes
 * before the fact or after its commit, never between.
 */
export async function nudge(tx: Transaction, tenantId: string, channelId: string, now: Date): Promise<boolean> {
  const rows = await tx
    .insert(nudges)
    .values({ tenantId, channelId, createdAt: now, signalledAt: now })
    .onConflictDoNothing()
    .returning({ channelId: nudges.channelId });
  return rows.length > 0;
}

/**
 * Asks a channel's workflow for something: the fact first, then its nudge. The row when the nudge is new: then the
 * caller signals the workflow after the commit.
 */
export async function askFor(
  tx: Transaction,
  { tenantId, channelId }: { tenantId: string; channelId: string },
  fact: 'pollRequestedAt' | 'checkRequestedAt' | 'refreshRequestedAt',
  now: Date,
): Promise<ChannelRow | null> {
  const row = await updateChannel(tx, channelId, { [fact]: now });
  return (await nudge(tx, tenantId, channelId, now)) ? row : null;
}

/** The workflow looks at the row now; a later fact makes a new nudge. */
export async function takeNudge(tx: Transaction, channelId: string): Promise<void> {
  await tx.delete(nudges).where(eq(nudges.channelId, channelId));
}
