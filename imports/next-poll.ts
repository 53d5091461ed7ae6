import type { Context } from '../runtime/context.ts';
import { lockChannel, updateChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import { jitterOf } from '../domain/schedule.ts';

const HOUR_MS = 3_600_000;
/** A poll without a token asks for a refresh, and comes back after this. */
const TOKEN_COMES_MS = 1_000;

/**
 * Plans the next poll: after the interval, a little apart from other channels, and soon where only the token was
 * missing. A poll requested since `startedAt` stays requested: what it is about may have come after the listing.
 */
export async function planNextPoll(
  context: Context,
  { tenantId, channelId }: { tenantId: string; channelId: string },
  { startedAt, needsToken }: { startedAt: Date; needsToken: boolean },
): Promise<void> {
  const now = await context.clock.now();
  await context.database.inTenant(tenantId, async (tx) => {
    const row = await lockChannel(tx, channelId);
    if (!row) return;
    const intervalMs = intervalOf(context, row) * (1 - 0.1 * jitterOf(channelId));
    const nextPollAt = new Date(now.getTime() + (needsToken ? TOKEN_COMES_MS : intervalMs));
    const stands = !needsToken && row.pollRequestedAt !== null && row.pollRequestedAt > startedAt;
    await updateChannel(tx, row.id, {
      nextPollAt,
      pollRequestedAt: stands ? row.pollRequestedAt : null,
      ...(needsToken ? { refreshRequestedAt: now } : {}),
    });
  });
}

/** Where no provider serves the access type any more, the next look finds nothing to poll. */
function intervalOf({ config, providers }: Context, { accessType }: ChannelRow): number {
  return config.pollIntervalMs ?? providers.get(accessType)?.capabilities.pollEveryMs ?? HOUR_MS;
}
