import type { Context } from '../runtime/context.ts';
import { lockChannel, updateChannel } from '../db/channels/channels.ts';
import { findSubscription } from '../db/channels/subscriptions.ts';
import { findWatch, planLook } from '../db/channels/watches.ts';
import { paceLimits } from '../channels/pace.ts';
import { nextIntervalMs, nextLookAt } from '../domain/watch.ts';
import type { PollAnswer } from './poll.ts';

/** A poll without a token asks for a refresh, and comes back after this. */
const TOKEN_COMES_MS = 1_000;

/**
 * Hands the channel back to the listeners, or plans a poll that comes soon where only the token was missing. A poll
 * requested since `startedAt` stays requested: what it is about may have come after the listing.
 */
export async function planNextPoll(
  context: Context,
  { tenantId, channelId }: { tenantId: string; channelId: string },
  { startedAt, outcome }: { startedAt: Date; outcome: PollAnswer['outcome'] },
): Promise<void> {
  const now = await context.clock.now();
  const needsToken = outcome === 'needs_refresh';
  await context.database.inTenant(tenantId, async (tx) => {
    const row = await lockChannel(tx, channelId);
    if (!row) return;
    const stands = !needsToken && row.pollRequestedAt !== null && row.pollRequestedAt > startedAt;
    if (row.nextPollAt !== null || row.pollRequestedAt !== null || needsToken) {
      await updateChannel(tx, row.id, {
        nextPollAt: needsToken ? new Date(now.getTime() + TOKEN_COMES_MS) : null,
        pollRequestedAt: stands ? row.pollRequestedAt : null,
        ...(needsToken ? { refreshRequestedAt: now } : {}),
      });
    }
    if (needsToken) return;
    const [watch, subscription] = await Promise.all([findWatch(tx, channelId), findSubscription(tx, channelId)]);
    const limits = paceLimits(context, row, subscription, now);
    const intervalMs = nextIntervalMs(watch?.intervalMs ?? null, outcome !== 'nothing', limits);
    const watchedAt = outcome === 'refused' ? null : now;
    await planLook(tx, row, { nextLookAt: nextLookAt(channelId, intervalMs, now), intervalMs, watchedAt });
  });
}
