import type { Context } from '../runtime/context.ts';
import type { ProviderName } from '../domain/access-type.ts';
import type { Secret } from '../domain/secret.ts';
import type { OAuthAdapter } from '../providers/contract.ts';

const LABEL = 'refresh token identifier';

/**
 * The keyed hashes of the names that the authorization server may give a refresh token in a security event: what is stored
 * tells nothing of the token. null: the server names no tokens.
 */
export function tokenIdentifiersOf(
  { vault }: Pick<Context, 'vault'>,
  { provider, securityEvents }: OAuthAdapter,
  refreshToken: Secret,
): string[] | null {
  const names = securityEvents?.identifiersOf(refreshToken);
  return names?.map((name) => vault.keyedHash(`${provider} ${name}`, LABEL)) ?? null;
}

/** Whether identifiers are under the current key: those under a key that leaves the keys file match nothing from then on. */
export function areCurrentIdentifiers({ vault }: Pick<Context, 'vault'>, identifiers: readonly string[]): boolean {
  const current = `${vault.currentKey('encrypted')}:`;
  return identifiers.every((identifier) => identifier.startsWith(current));
}

/** The hashes by which a token of this name may be stored, one per key of the keys file. */
export function tokenIdentifierHashes(
  { vault }: Pick<Context, 'vault'>,
  provider: ProviderName,
  identifier: string,
): string[] {
  return vault.keyedHashes(`${provider} ${identifier}`, LABEL);
}
