import type { AccessType, ProviderName } from '../../domain/access-type.ts';
import type { OAuthAdapter } from '../../providers/contract.ts';
import type { ApiContext } from '../api-context.ts';
import { Problem } from '../http/problem.ts';

/** The authorization server that a request names; it need not be named where the access type has only one. */
export function chooseOAuth(
  { providers }: ApiContext,
  accessType: AccessType,
  provider: ProviderName | undefined,
): OAuthAdapter {
  const offered = providers.get(accessType)?.signIn.oauth ?? [];
  const [oauth, ...others] = offered.filter((one) => provider === undefined || one.provider === provider);
  if (oauth && others.length === 0) return oauth;
  if (offered.length === 0) throw new Problem('no_oauth_for_access_type', `${accessType} signs in with a password`);
  const names = offered.map((one) => one.provider).join(' or ');
  if (provider) throw new Problem('no_oauth_for_access_type', `${accessType} signs in at ${names}, not at ${provider}`);
  throw new Problem('no_oauth_for_access_type', `Expected a provider for ${accessType}: ${names}`);
}
