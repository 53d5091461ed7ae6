import type { AccessType, ProviderName } from '../domain/access-type.ts';
import type { Context } from '../runtime/context.ts';

/**
 * The adapter of the authorization server that issued a grant; null where its client is not configured. A grant that an
 * earlier release stored names no server: its access type had only one.
 */
export function issuerOf(
  { providers }: Pick<Context, 'providers'>,
  accessType: AccessType,
  oauthProvider: ProviderName | null,
) {
  const offered = providers.get(accessType)?.signIn.oauth ?? [];
  return offered.find(({ provider }) => oauthProvider === null || provider === oauthProvider) ?? null;
}
