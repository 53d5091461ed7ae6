import { findApiKey } from '../../db/access/api-keys.ts';
import { withinReach } from '../../db/across-tenants/reach.ts';
import type { ApiContext } from '../api-context.ts';
import { Problem } from '../http/problem.ts';
import { LOGIN_SESSION, SCOPES } from '../http/scopes.ts';
import type { Principal } from '../http/scopes.ts';
import { rightsBeyond, scopesBeyond } from './key-rights.ts';
import type { KeyRights, Right } from './key-rights.ts';

const EVERY_RIGHT: KeyRights = { tenantId: null, scopes: SCOPES, cidrs: null, expiresAt: null, limits: null };

/** The caller's rights as its row has them now: a key that was narrowed a moment ago grants no more than that. */
export async function ownRights(context: ApiContext, principal: Principal): Promise<KeyRights> {
  if (principal.id === LOGIN_SESSION) return EVERY_RIGHT;
  const own = await withinReach(context.database, principal.tenantId, (tx) => findApiKey(tx, principal.id));
  if (own && !own.revokedAt) return own;
  throw new Problem('unauthenticated', 'The API key was revoked');
}

/** Throws 403 where a key would get what the caller lacks. */
export function requireGrantable(wanted: KeyRights, own: KeyRights): void {
  const beyond = rightsBeyond(wanted, own);
  if (beyond.length === 0) return;
  if (beyond.includes('scopes')) {
    const lacking = scopesBeyond(wanted, own).join(', ');
    throw new Problem('scope_missing', `The key cannot grant scopes it lacks: ${lacking}`);
  }
  const expected = beyond.map((right) => `${right}: ${describe(right, own)}`).join('; ');
  throw new Problem('rights_exceeded', `A key grants only what it has itself. Expected ${expected}`);
}

/** Throws 403 where a key that is to be changed has more than the caller. */
export function requireNoMoreThan(existing: KeyRights, own: KeyRights): void {
  const beyond = rightsBeyond(existing, own);
  if (beyond.length === 0) return;
  throw new Problem(
    'rights_exceeded',
    `A key changes only keys that have no more than it has itself; this one has more: ${beyond.join(', ')}`,
  );
}

/** What the caller may grant of a right that was exceeded. */
function describe(right: Right, own: KeyRights): string {
  if (right === 'tenant') return `"${own.tenantId}"`;
  if (right === 'cidrs') return `ranges within ${own.cidrs?.join(', ')}`;
  if (right === 'expires_at') return `${own.expiresAt?.toISOString()} or earlier`;
  if (right === 'scopes') return `some of ${own.scopes.join(', ')}`;
  return `at most ${JSON.stringify(own.limits)}`;
}
