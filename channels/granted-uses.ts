import { USES } from '../domain/access-type.ts';
import type { Use } from '../domain/access-type.ts';
import type { ChannelRow } from '../db/channels/channels.ts';

/** Maps uses to the OAuth scopes that they need and that were not granted. */
interface ScopeMap {
  missingScopes(granted: string[], uses: Use[]): string[];
}

/** The uses that a grant allows, of those that were asked for. */
export interface GrantedUses {
  granted: Use[];
  /** The missing OAuth scopes without which nothing works; empty where the mailbox can be read. */
  lacking: string[];
}

/**
 * Compares the granted OAuth scopes with those that the uses need. A grant that reads and does not send is good: the person
 * chose so. A grant that does not read is none.
 */
export function compareGrant(oauth: ScopeMap, scopes: string[] | null, asked: readonly Use[]): GrantedUses {
  // Not told: as asked for (RFC 6749 section 5.1).
  if (scopes === null) return { granted: [...asked], lacking: [] };
  const granted = asked.filter((use) => oauth.missingScopes(scopes, [use]).length === 0);
  return { granted, lacking: granted.includes('read') ? [] : oauth.missingScopes(scopes, ['read']) };
}

/** The uses that are asked for and not granted, in their usual order. */
export const missingOf = (asked: readonly Use[], granted: readonly Use[]): Use[] =>
  USES.filter((use) => asked.includes(use) && !granted.includes(use));

/** The uses that were ever asked for, and those that are asked for now. */
export const askedUses = (
  { uses, missingUses }: Pick<ChannelRow, 'uses' | 'missingUses'>,
  more: readonly Use[] = [],
): Use[] => USES.filter((use) => [uses, missingUses, more].some((some) => some.includes(use)));

/**
 * Those of these uses that Mooring, or the product with the token, can do at a provider; undefined: its access type is not
 * configured, and all stay.
 */
export const possibleUses = (
  provider: { sending: object | null; productSends?: true } | undefined,
  uses: readonly Use[],
): Use[] => uses.filter((use) => use !== 'send' || provider?.sending !== null || provider.productSends === true);
