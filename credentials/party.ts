import type { AccessType } from '../domain/access-type.ts';
import type { Context } from '../runtime/context.ts';
import type { ChannelAccess } from './access.ts';
import type { Party } from './shares.ts';

/** Whether channels of the access type are at different servers. */
export function hasServers({ providers }: Pick<Context, 'providers'>, accessType: AccessType): boolean {
  const { password, oauth = [] } = providers.get(accessType)?.signIn ?? {};
  return Boolean(password) || oauth.length > 1;
}

/** Whose work it is at a channel's account. A grant names no server: its issuer's is the one that it opens. */
export function partyOf(context: Pick<Context, 'providers'>, { channel, credential }: ChannelAccess): Party {
  const { tenantId, accessType, serverKey } = channel;
  const server = hasServers(context, accessType) ? serverKey || (credential.oauthProvider ?? '') : '';
  return { tenantId, server };
}
