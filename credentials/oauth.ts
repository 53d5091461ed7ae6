import type { Context } from '../runtime/context.ts';
import type { AccessType } from '../domain/access-type.ts';
import type { OAuthAdapter } from '../providers/contract.ts';

/** The OAuth adapter of an access type. Throws where its client is no longer configured: the operator mends that. */
export function oauthOf({ providers }: Pick<Context, 'providers'>, accessType: AccessType): OAuthAdapter {
  const oauth = providers.get(accessType)?.signIn.oauth[0];
  if (!oauth) throw new Error(`No OAuth client is configured for ${accessType}`);
  return oauth;
}
