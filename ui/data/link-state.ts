import { NEEDS_PERSON, asksPerson, isOneOf } from '../../domain/channel.ts';
import type { ConnectSession } from '../../api/schemas/connect.ts';

/** What a link's page is about. `used_broken`: the channel broke again after the sign-in at this link. */
export type LinkState = 'open' | 'connected' | 'used' | 'used_broken' | 'repaired' | 'disconnected' | 'expired';

export function linkState(session: ConnectSession, nowMs: number): LinkState {
  const { channel, result, purpose } = session;
  const status = channel?.status;
  if (status === 'disconnecting' || status === 'disconnected') return 'disconnected';
  if (result?.status === 'connected') {
    // The operator's trouble is none of the person's, who needs no new link.
    if (channel && isOneOf(NEEDS_PERSON, channel.status)) return asksPerson(channel) ? 'used_broken' : 'used';
    return 'repaired' in result && result.repaired ? 'repaired' : 'connected';
  }
  if (session.done) return 'used';
  if (Date.parse(session.expires_at) > nowMs) return 'open';
  // Its channel works: there is nothing to ask a new link for.
  return purpose === 'reauthorize' && status === 'connected' ? 'repaired' : 'expired';
}
