import { isOneOf, WORKING } from './channel.ts';
import type { ChannelFacts } from './due.ts';
import { jitterOf } from './schedule.ts';

const MINUTE_MS = 60_000;

/** Between two looks at a quiet mailbox, in ms: the longest that news may wait. */
export const SLOWEST_LOOK_MS = 15 * MINUTE_MS;
/** The same where the provider tells of all news by itself: a look only proves that it does. */
export const SLOWEST_TOLD_MS = 60 * MINUTE_MS;

/**
 * Whether listeners look for a channel's news. While the account is in trouble, or the workflow has a poll or an import to
 * do, the workflow alone asks the provider.
 */
export function isWatched(
  facts: Pick<
    ChannelFacts,
    'status' | 'importMode' | 'trouble' | 'suspected' | 'cursorLaneTaken' | 'pollRequestedAt' | 'nextPollAt'
  >,
): boolean {
  const isHealthy = isOneOf(WORKING, facts.status) && facts.trouble !== 'access' && facts.suspected !== 'access';
  const isIdle = !facts.cursorLaneTaken && facts.pollRequestedAt === null && facts.nextPollAt === null;
  return isHealthy && isIdle && facts.importMode !== 'off';
}

/** The first comparison after the connection, in ms: within a day. */
const FIRST_AUDIT_MS = 23 * 60 * MINUTE_MS;

/** When a `continuous` channel is next compared with the provider's own list. */
export const auditDueAt = (auditAt: Date | null, createdAt: Date) =>
  auditAt ?? new Date(createdAt.getTime() + FIRST_AUDIT_MS);

/** How fast looks may follow each other, in ms. */
export interface PaceLimits {
  /** After news. */
  fastestMs: number;
  /** Of a quiet mailbox; equal to `fastestMs` where an operator has set the pace. */
  slowestMs: number;
}

/** The interval after a look in ms: the fastest after news, twice the last one after quiet. */
export function nextIntervalMs(lastMs: number | null, hadNews: boolean, { fastestMs, slowestMs }: PaceLimits): number {
  const wantedMs = lastMs === null || hadNews ? fastestMs : 2 * lastMs;
  return Math.round(Math.min(Math.max(wantedMs, fastestMs), Math.max(slowestMs, fastestMs)));
}

/** When the next look is due: a little apart from other channels, for ever the same. */
export function nextLookAt(channelId: string, intervalMs: number, now: Date): Date {
  return new Date(now.getTime() + intervalMs * (1 - 0.1 * jitterOf(channelId)));
}
