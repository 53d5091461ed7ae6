import { eq } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { nudges } from '../schema/channels.ts';
import { BACKOFF, gapMs } from '../../domain/backoff.ts';

/** The row of a nudge that its writer signals. Where that signal is lost, the reconcile's follows. */
export function newNudge(tenantId: string, channelId: string, now: Date) {
  const nextSignalAt = new Date(now.getTime() + gapMs(BACKOFF.nudge, 1));
  return { tenantId, channelId, createdAt: now, signalledAt: now, nextSignalAt };
}

/** Says "this channel has news"; true when the row is new. Called by `channels/wake.ts`, after the fact was written. */
export async function nudge(tx: Transaction, tenantId: string, channelId: string, now: Date): Promise<boolean> {
  const rows = await tx
    .insert(nudges)
    .values(newNudge(tenantId, channelId, now))
    .onConflictDoNothing()
    .returning({ channelId: nudges.channelId });
  return rows.length > 0;
}

/** The workflow looks at the row now; a later fact makes a new nudge. */
export async function takeNudge(tx: Transaction, channelId: string): Promise<void> {
  await tx.delete(nudges).where(eq(nudges.channelId, channelId));
}
