import { USES } from '../domain/access-type.ts';
import type { Use } from '../domain/access-type.ts';
import type { ChannelRow } from '../db/channels/channels.ts';

/** Names the scopes that these uses need and that were not granted. */
interface ScopeMap {
  missingScopes(granted: string[], uses: Use[]): string[];
}

/** What a grant is good for, of what was asked for. */
export interface GrantedUses {
  granted: Use[];
  /** The scopes that nothing works without: none is missing where the mailbox can be read. */
  lacking: string[];
}

/**
 * Compares the scopes that were granted with those that the uses need. A connection that only reads where it was to send as
 * well is still good: the person chose so. One that cannot read is none.
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

/** All that was ever asked for, and what is asked for now. */
export const askedUses = (
  { uses, missingUses }: Pick<ChannelRow, 'uses' | 'missingUses'>,
  more: readonly Use[] = [],
): Use[] => USES.filter((use) => [uses, missingUses, more].some((some) => some.includes(use)));

/** What Mooring can do at this provider, of these uses. */
export const possibleUses = ({ sending }: { sending: object | null }, uses: readonly Use[]): Use[] =>
  uses.filter((use) => use !== 'send' || sending !== null);
