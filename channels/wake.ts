import { lockChannel, updateChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import { nudge } from '../db/channels/nudges.ts';
import type { Transaction } from '../db/client.ts';
import type { Context } from '../runtime/context.ts';
import type { ChannelReference } from '../runtime/temporal.ts';

type WakeContext = Pick<Context, 'database' | 'clock' | 'temporal' | 'logger'>;

/** A transaction that writes facts about channels. */
export interface Waking {
  tx: Transaction;
  now: Date;
  /**
   * Upserts the channel's nudge. Call it after the fact is written: then the row is locked, and the look that takes the
   * nudge runs before the fact or after its commit, never between.
   */
  wake: (channel: ChannelReference) => Promise<void>;
}

/**
 * Writes facts and nudges in one transaction, and signals the workflows after the commit. Only a new nudge is
 * signalled, so ten thousand pushes are one signal. A signal that fails is logged and does not fail the caller: the
 * reconcile finds the nudge. `committed` runs between commit and signal.
 */
export async function inWakingTransaction<T>(
  context: WakeContext,
  tenantId: string,
  write: (waking: Waking) => Promise<T>,
  committed?: () => void,
): Promise<T> {
  const now = await context.clock.now();
  const nudged: ChannelReference[] = [];
  const result = await context.database.inTenant(tenantId, (tx) =>
    write({
      tx,
      now,
      async wake(channel) {
        if (await nudge(tx, channel.tenantId, channel.id, now)) nudged.push(channel);
      },
    }),
  );
  committed?.();
  for (const channel of nudged) void signalWorkflow(context, channel);
  return result;
}

/** The same for one channel, whose row is locked; null when there is none. */
export function changeChannel<T>(
  context: WakeContext,
  { tenantId, channelId }: { tenantId: string; channelId: string },
  change: (waking: Waking, row: ChannelRow) => Promise<T>,
): Promise<T | null> {
  return inWakingTransaction(context, tenantId, async (waking) => {
    const row = await lockChannel(waking.tx, channelId);
    return row && change(waking, row);
  });
}

/** Asks a channel's workflow for something; it decides when, and refreshes alone (rule 3). */
export async function askFor(
  context: WakeContext,
  channel: { tenantId: string; channelId: string },
  fact: 'pollRequestedAt' | 'checkRequestedAt' | 'refreshRequestedAt',
): Promise<void> {
  await changeChannel(context, channel, async ({ tx, now, wake }, row) => {
    await updateChannel(tx, row.id, { [fact]: now });
    await wake(row);
  });
}

/** Signals a workflow to look at its row, which is committed. Never rejects. */
export async function signalWorkflow(
  { temporal, logger }: Pick<Context, 'temporal' | 'logger'>,
  channel: ChannelReference,
): Promise<void> {
  try {
    await temporal.lookAt(channel);
  } catch (error) {
    logger.warn({ err: error, channelId: channel.id }, 'A workflow could not be signalled; the reconcile signals it');
  }
}
