import { issuerOf } from '../channels/issuer.ts';
import type { Context } from '../runtime/context.ts';
import type { AccessType, ProviderName } from '../domain/access-type.ts';
import type { OAuthAdapter } from '../providers/contract.ts';

/** The adapter of the grant's authorization server. Throws where its client is not configured: the operator mends that. */
export function oauthOf(
  context: Pick<Context, 'providers'>,
  accessType: AccessType,
  provider: ProviderName | null,
): OAuthAdapter {
  const oauth = issuerOf(context, accessType, provider);
  if (!oauth) throw new Error(`No OAuth client is configured for ${accessType} at ${provider ?? 'any provider'}`);
  return oauth;
}
