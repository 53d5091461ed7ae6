import type { Context } from '../runtime/context.ts';
import { isBuiltIn } from '../domain/access-type.ts';
import type { AccessType } from '../domain/access-type.ts';
import { readAccess } from './access.ts';
import type { ChannelAccess } from './access.ts';
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
  const party = await partyOfTurn(context, turn);
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
async function partyOfTurn(context: Context, { tenantId, channelId, accessType }: Turn): Promise<Party> {
  // Providers of files share the places of one queue.
  if (!isBuiltIn(accessType)) return { tenantId, server: accessType };
  if (!hasServers(context, accessType)) return { tenantId, server: '' };
  const access = await readAccess(context, tenantId, channelId);
  return access === 'gone' ? { tenantId, server: '' } : partyOf(context, access);
}

/** Whether channels of the access type are at different servers. */
function hasServers({ providers }: Pick<Context, 'providers'>, accessType: AccessType): boolean {
  const { password, oauth = [] } = providers.get(accessType)?.signIn ?? {};
  return Boolean(password) || oauth.length > 1;
}

/** Whose work it is at a channel's account. A grant names no server: its issuer's is the one that it opens. */
export function partyOf(context: Pick<Context, 'providers'>, { channel, credential }: ChannelAccess): Party {
  const { tenantId, accessType, serverKey } = channel;
  const server = hasServers(context, accessType) ? serverKey || (credential.oauthProvider ?? '') : '';
  return { tenantId, server };
}
