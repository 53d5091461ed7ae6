import { NEEDS_PERSON, isOneOf } from '../../domain/channel.ts';
import type { ConnectSession } from '../../api/schemas/connect.ts';
import type { SignIn } from '../../api/schemas/sign-in.ts';
import type { AccessType } from '../../domain/access-type.ts';

/** What a link's page is about. `used_broken`: the channel needs another sign-in after the one at this link. */
export type LinkState = 'open' | 'connected' | 'used' | 'used_broken' | 'repaired' | 'disconnected' | 'expired';

export function linkState(session: ConnectSession, nowMs: number): LinkState {
  const { channel, result, purpose } = session;
  const status = channel?.status;
  if (status === 'disconnecting' || status === 'disconnected') return 'disconnected';
  if (result?.status === 'connected') {
    // A blocked channel needs an admin or the operator, and no new link.
    if (channel && isOneOf(NEEDS_PERSON, channel.status)) return status === 'reauth_required' ? 'used_broken' : 'used';
    return 'repaired' in result && result.repaired ? 'repaired' : 'connected';
  }
  if (session.done) return 'used';
  if (Date.parse(session.expires_at) > nowMs) return 'open';
  // Its channel works: there is nothing to ask a new link for.
  return purpose === 'reauthorize' && status === 'connected' ? 'repaired' : 'expired';
}

/** How to sign in with each of these access types. */
export function waysAmong({ sign_in: ways }: ConnectSession, accessTypes: readonly AccessType[]): SignIn[] {
  return ways.filter(({ access_type: type }) => accessTypes.includes(type));
}
