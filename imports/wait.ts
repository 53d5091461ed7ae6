import type { ChannelRow } from '../db/channels/channels.ts';

/** The least and the most that an import sleeps before it looks again whether its channel works, in ms. */
const LEAST_MS = 5_000;
const MOST_MS = 10 * 60_000;

/**
 * Why an import cannot go on now: somebody must act first, or the channel's next try is due later. `left`: never again.
 * A reauthorization wakes its workflow by a signal; should that get lost, it looks by itself, the more rarely the longer
 * the trouble lasts.
 */
export function importWait(channel: ChannelRow, now: Date): { waitMs: number; waitingFor: string } | 'left' | null {
  const lastsMs = now.getTime() - channel.statusSince.getTime();
  const lookAgainMs = Math.min(MOST_MS, Math.max(LEAST_MS, lastsMs / 4));
  switch (channel.status) {
    case 'disconnecting':
    case 'disconnected':
      return 'left';
    case 'reauth_required':
      return { waitMs: lookAgainMs, waitingFor: 'somebody to sign in again' };
    case 'blocked':
      return { waitMs: lookAgainMs, waitingFor: 'whoever can unblock the account' };
    case 'paused':
      return { waitMs: lookAgainMs, waitingFor: 'the channel to be resumed' };
    case 'degraded': {
      // While only refreshing fails, the token at hand goes on serving.
      const retryAtMs = channel.trouble === 'access' ? (channel.retryAt?.getTime() ?? 0) : 0;
      const untilRetryMs = retryAtMs - now.getTime();
      return untilRetryMs > 0 ? { waitMs: Math.min(untilRetryMs, MOST_MS), waitingFor: 'the provider' } : null;
    }
    case 'connected':
      return null;
  }
}
