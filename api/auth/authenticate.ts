import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { withinReach } from '../../db/across-tenants/reach.ts';
import { findApiKey, findApiKeyByHash, updateApiKey } from '../../db/access/api-keys.ts';
import type { ApiKeyRow } from '../../db/access/api-keys.ts';
import type { ApiContext } from '../api-context.ts';
import { Problem } from '../http/problem.ts';
import { sha256 } from '../../crypto/random-secrets.ts';
import { LOGIN_SESSION, SCOPES } from '../http/scopes.ts';
import type { Principal, Scope } from '../http/scopes.ts';
import { isInRanges } from './address-ranges.ts';
import { clientAddress } from './client-address.ts';
import { findSession } from './session.ts';

/** A key is looked up again after this, in ms, so that a revocation counts everywhere within seconds (S-32). */
const KEY_CACHE_MS = 2_000;
const KEY_CACHE_SIZE = 1_000;
/** The precision of `last_used_at`, in ms: a read must not cost a write each time. */
const LAST_USED_PRECISION_MS = 60_000;

/** Identifies the caller by API key or session cookie; without either the request continues without a principal. */
export function authenticate(context: ApiContext): RequestHandler {
  const findKey = cachedKeys(context);
  return async (request: Request, response: Response, next: NextFunction) => {
    response.locals['principal'] = await principalOf(context, findKey, request);
    next();
  };
}

/** The principal of the request. Throws 401 without one, 403 if it has none of `scopes`. */
export function requireScope(response: Response, scopes: readonly Scope[]): Principal {
  const principal = response.locals['principal'] as Principal | null | undefined;
  if (!principal)
    throw new Problem('unauthenticated', 'Expected "Authorization: Bearer <API key>" or a session cookie');
  if (scopes.some((scope) => principal.scopes.has(scope))) return principal;
  throw new Problem('scope_missing', `The call needs the scope ${scopes.join(' or ')}, which the key lacks`);
}

async function principalOf(context: ApiContext, findKey: FindKey, request: Request): Promise<Principal | null> {
  const header = request.get('authorization');
  if (header === undefined) return sessionPrincipal(context, request);
  const [, token] = /^Bearer +(\S+)$/i.exec(header) ?? [];
  const key = token === undefined ? null : await findKey(sha256(token));
  if (!key) throw new Problem('unauthenticated', 'The API key is not valid');
  return keyPrincipal(context, key, request);
}

/** A session that was opened with a key has that key's rights, and ends with it. */
async function sessionPrincipal(context: ApiContext, request: Request): Promise<Principal | null> {
  const session = await findSession(context, request);
  if (!session) return null;
  const { apiKeyId } = session;
  if (apiKeyId === null) return { id: LOGIN_SESSION, tenantId: null, scopes: new Set(SCOPES), kind: 'session' };
  const key = await withinReach(context.database, null, (tx) => findApiKey(tx, apiKeyId));
  if (!key) return null;
  // No error: this request may be the one that signs in again.
  const principal = await keyPrincipal(context, key, request).catch(() => null);
  return principal && { ...principal, kind: 'session' };
}

export async function keyPrincipal(context: ApiContext, key: ApiKeyRow, request: Request): Promise<Principal> {
  const now = await context.clock.now();
  if (key.revokedAt) throw new Problem('unauthenticated', 'The API key was revoked');
  if (key.expiresAt && key.expiresAt <= now) {
    throw new Problem('key_expired', `The API key expired at ${key.expiresAt.toISOString()}`);
  }
  if (key.cidrs && !isInRanges(clientAddress(request) ?? '', key.cidrs)) {
    context.logger.warn({ apiKeyId: key.id }, 'An API key was used from an address outside its list');
    throw new Problem('address_not_allowed', 'The API key may not be used from this address');
  }
  if (!key.lastUsedAt || now.getTime() - key.lastUsedAt.getTime() > LAST_USED_PRECISION_MS) {
    key.lastUsedAt = now;
    await withinReach(context.database, null, (tx) => updateApiKey(tx, key.id, { lastUsedAt: now }));
  }
  return { id: key.id, tenantId: key.tenantId, scopes: new Set(key.scopes), kind: 'key' };
}

type FindKey = (hash: string) => Promise<ApiKeyRow | null>;

function cachedKeys(context: ApiContext): FindKey {
  const cache = new Map<string, { key: ApiKeyRow; readAt: number }>();
  return async (hash) => {
    const cached = cache.get(hash);
    if (cached && performance.now() - cached.readAt < KEY_CACHE_MS) return cached.key;
    cache.delete(hash);
    const key = await withinReach(context.database, null, (tx) => findApiKeyByHash(tx, hash));
    if (cache.size >= KEY_CACHE_SIZE) cache.clear();
    if (key) cache.set(hash, { key, readAt: performance.now() });
    return key;
  };
}
