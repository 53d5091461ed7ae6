import type { Context } from '../runtime/context.ts';
import type { AccessType, ProviderName } from '../domain/access-type.ts';
import type { OAuthAdapter } from '../providers/contract.ts';

/**
 * The adapter of the authorization server that issued a credential; the access type's only one where the row does not
 * name it. Throws where its client is no longer configured: the operator mends that.
 */
export function oauthOf(
  { providers }: Pick<Context, 'providers'>,
  accessType: AccessType,
  provider: ProviderName | null,
): OAuthAdapter {
  const offered = providers.get(accessType)?.signIn.oauth ?? [];
  const oauth = offered.find((one) => provider === null || one.provider === provider);
  if (!oauth) throw new Error(`No OAuth client is configured for ${accessType} at ${provider ?? 'any provider'}`);
  return oauth;
}
