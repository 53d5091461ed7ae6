import type { Context } from '../runtime/context.ts';
import { isBuiltIn } from '../domain/access-type.ts';
import type { AccessType } from '../domain/access-type.ts';
import { readAccess } from './access.ts';
import type { Party } from './shares.ts';
import { callPlaces, Crowded, WorkPlace } from './work-places.ts';

interface Turn {
  tenantId: string;
  channelId: string;
  accessType: AccessType;
  /** A person waits for the answer: it is not turned away. */
  patient?: boolean;
  signal: AbortSignal;
}

/**
 * Calls a channel's provider when it is the turn of its tenant and server. `crowded`: too many calls of theirs hang in this
 * process, so that they would hold the slots in which others are served; nothing was tried.
 */
export async function inTurn<T>(context: Context, turn: Turn, call: () => Promise<T>): Promise<T | 'crowded'> {
  const { accessType, patient = false, signal } = turn;
  const party = await partyOf(context, turn);
  const place = new WorkPlace(callPlaces(accessType), { party, urgent: patient, patient, signal });
  try {
    await place.take();
    return await place.askLast(call);
  } catch (error) {
    if (error instanceof Crowded) return 'crowded';
    throw error;
  } finally {
    place.end();
  }
}

/** The row is read only where channels of the access type have different servers. */
async function partyOf(context: Context, { tenantId, channelId, accessType }: Turn): Promise<Party> {
  // Providers of files share the places of one queue.
  if (!isBuiltIn(accessType)) return { tenantId, server: accessType };
  const { password, oauth = [] } = context.providers.get(accessType)?.signIn ?? {};
  if (!password && oauth.length < 2) return { tenantId, server: '' };
  const access = await readAccess(context, tenantId, channelId);
  if (access === 'gone') return { tenantId, server: '' };
  return { tenantId, server: access.channel.serverKey || (access.credential.oauthProvider ?? '') };
}
