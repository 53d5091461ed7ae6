import type { Context } from '../runtime/context.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { SubscriptionRow } from '../db/channels/subscriptions.ts';
import { SLOWEST_LOOK_MS, SLOWEST_TOLD_MS } from '../domain/watch.ts';
import type { PaceLimits } from '../domain/watch.ts';

const HOUR_MS = 3_600_000;

/** How soon after news a channel is looked at again, in ms; an operator may set one pace for all. */
export function fastestLookMs(
  { config, providers }: Pick<Context, 'config' | 'providers'>,
  { accessType }: Pick<ChannelRow, 'accessType'>,
): number {
  return config.pollIntervalMs ?? providers.get(accessType)?.capabilities.pollEveryMs ?? HOUR_MS;
}

/** How far the pace may slow down: further where a live subscription tells of everything in the mailbox. */
export function paceLimits(
  context: Pick<Context, 'config' | 'providers'>,
  channel: Pick<ChannelRow, 'accessType'>,
  subscription: Pick<SubscriptionRow, 'expiresAt'> | null,
  now: Date,
): PaceLimits {
  const fastestMs = fastestLookMs(context, channel);
  if (context.config.pollIntervalMs !== null) return { fastestMs, slowestMs: fastestMs };
  const push = context.providers.get(channel.accessType)?.capabilities.push ?? null;
  const isTold = push?.coversMailbox === true && (subscription?.expiresAt ?? now) > now;
  return { fastestMs, slowestMs: isTold ? SLOWEST_TOLD_MS : SLOWEST_LOOK_MS };
}
