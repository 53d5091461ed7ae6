import type { Context } from '../runtime/context.ts';
import { lockChannel, updateChannel } from '../db/channels/channels.ts';
import { findSubscription } from '../db/channels/subscriptions.ts';
import { findWatch, planLook } from '../db/channels/watches.ts';
import { paceLimits } from '../channels/pace.ts';
import { BACKOFF, gapMs } from '../domain/backoff.ts';
import { auditDueAt, nextIntervalMs, nextLookAt } from '../domain/watch.ts';
import type { PollAnswer } from './poll.ts';

/** A poll without a token asks for a refresh, and comes back after this. */
const TOKEN_COMES_MS = 1_000;
/** A look compares only where it ends quietly and in time. Where none does for so long, in ms, the workflow compares. */
const AUDIT_LATE_MS = 3_600_000;

/**
 * Hands the channel back to the listeners, or plans a poll that comes soon where only the token or a place was
 * missing. A poll requested since `startedAt` stays requested: what it is about may have come after the listing.
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
    const soonMs = needsToken ? TOKEN_COMES_MS : outcome === 'crowded' ? crowdedMs(channelId) : null;
    // A poll that comes soon is the requested one: due now it would not wait for its time.
    const stands = soonMs === null && row.pollRequestedAt !== null && row.pollRequestedAt > startedAt;
    if (row.nextPollAt !== null || row.pollRequestedAt !== null || soonMs !== null) {
      await updateChannel(tx, row.id, {
        nextPollAt: soonMs === null ? null : new Date(now.getTime() + soonMs),
        pollRequestedAt: stands ? row.pollRequestedAt : null,
        ...(needsToken ? { refreshRequestedAt: now } : {}),
      });
    }
    if (soonMs !== null) return;
    const [watch, subscription] = await Promise.all([findWatch(tx, channelId), findSubscription(tx, channelId)]);
    const auditAt = auditDueAt(watch?.auditAt ?? null, row.createdAt).getTime();
    const isAuditLate = row.importMode === 'continuous' && now.getTime() >= auditAt + AUDIT_LATE_MS;
    if (isAuditLate && row.nextAuditAt === null) await updateChannel(tx, row.id, { nextAuditAt: now });
    const limits = paceLimits(context, row, subscription, now);
    const intervalMs = nextIntervalMs(watch?.intervalMs ?? null, outcome !== 'nothing', limits);
    const watchedAt = outcome === 'refused' ? null : now;
    await planLook(tx, row, { nextLookAt: nextLookAt(channelId, intervalMs, now), intervalMs, watchedAt });
  });
}

const crowdedMs = (channelId: string) => gapMs(BACKOFF.crowded, 1, { spreadBy: channelId });
