import type { Context } from '../runtime/context.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import { ProviderError } from '../domain/verdict.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { Session } from '../providers/contract.ts';
import { openChannelSession } from './access.ts';
import type { ChannelAccess } from './access.ts';
import { recordRefusal, recordSuccess } from './outcomes.ts';
import { atPlace } from './at-place.ts';
import { markOf, withMarkedGenerations } from './sessions/marked-generations.ts';
import { partyOf } from './in-turn.ts';
import { Crowded, WorkPlace, workPlaces } from './work-places.ts';

/** The result of work at an account, or why there is none. */
export type SessionOutcome<T> =
  | { outcome: 'worked'; result: T }
  | { outcome: 'needs_refresh' }
  /** Too much work of its tenant or server hangs in this process; nothing was tried. */
  | { outcome: 'crowded' }
  | { outcome: 'refused'; verdict: Verdict; channel: ChannelRow | null };

/**
 * Works at a channel's account with an open session and records the outcome: that the channel works, or the verdict of
 * a refusal. Other errors are thrown. `urgent`: short work that goes before long work.
 */
export async function workAtAccount<T>(
  context: Context,
  access: ChannelAccess,
  signal: AbortSignal,
  work: (session: Session) => Promise<T>,
  { urgent = false } = {},
): Promise<SessionOutcome<T>> {
  const { id: channelId, tenantId } = access.channel;
  const tried = { tenantId, channelId, credentialVersion: access.credential.version, tried: 'access' } as const;
  const party = partyOf(context, access);
  const place = new WorkPlace(workPlaces(access.channel.accessType), { party, urgent, signal });
  try {
    await place.take();
    const session = await place.ask(() => openChannelSession(context, access, signal));
    if (session === 'needs_refresh') return { outcome: 'needs_refresh' };
    const marked = withMarkedGenerations(atPlace(session, place), markOf(access.channel));
    const result = await closing(marked, work);
    await recordSuccess(context, tried);
    return { outcome: 'worked', result };
  } catch (error) {
    if (error instanceof Crowded) return { outcome: 'crowded' };
    if (!(error instanceof ProviderError) || signal.aborted) throw error;
    const channel = await recordRefusal(context, { ...tried, verdict: error.verdict });
    return { outcome: 'refused', verdict: error.verdict, channel };
  } finally {
    place.end();
  }
}

/** Works with a session and always closes it. */
export async function closing<T>(session: Session, work: (session: Session) => Promise<T>): Promise<T> {
  try {
    return await work(session);
  } finally {
    await session.close().catch(() => {}); // an error of a closing connection changes nothing
  }
}
