import type { ChannelRow } from '../db/channels/channels.ts';

/** The shortest and the longest sleep before an import checks its channel again, in ms. */
const LEAST_MS = 5_000;
const MOST_MS = 10 * 60_000;

/**
 * Why an import cannot continue now: a person must act first, or the channel's next try is due later. `left`: the
 * channel is disconnected. A reauthorization signals the import's workflow; if the signal is lost, the workflow checks
 * by itself, more rarely the longer the trouble lasts.
 */
export function importWait(channel: ChannelRow, now: Date): { waitMs: number; waitingFor: string } | 'left' | null {
  const lastsMs = now.getTime() - channel.statusSince.getTime();
  const lookAgainMs = Math.min(MOST_MS, Math.max(LEAST_MS, lastsMs / 4));
  switch (channel.status) {
    case 'disconnecting':
    case 'disconnected':
      return 'left';
    case 'reauth_required':
      return { waitMs: lookAgainMs, waitingFor: 'a person to sign in again' };
    case 'blocked':
      return { waitMs: lookAgainMs, waitingFor: 'the account to be unblocked' };
    case 'paused':
      return { waitMs: lookAgainMs, waitingFor: 'the channel to be resumed' };
    case 'degraded': {
      // While only refreshes fail, the current token still works.
      const retryAtMs = channel.trouble === 'access' ? (channel.retryAt?.getTime() ?? 0) : 0;
      const untilRetryMs = retryAtMs - now.getTime();
      return untilRetryMs > 0 ? { waitMs: Math.min(untilRetryMs, MOST_MS), waitingFor: 'the provider' } : null;
    }
    case 'connected':
      return null;
  }
}
