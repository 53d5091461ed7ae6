import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { withinReach } from '../../db/across-tenants/reach.ts';
import { findApiKey, updateApiKey } from '../../db/access/api-keys.ts';
import type { ApiKeyRow } from '../../db/access/api-keys.ts';
import type { ApiContext } from '../api-context.ts';
import { clientAddress, clientNetwork } from '../http/client-address.ts';
import { Problem } from '../http/problem.ts';
import { sha256 } from '../../crypto/random-secrets.ts';
import { LOGIN_SESSION, SCOPES } from '../http/scopes.ts';
import type { Principal, Scope } from '../http/scopes.ts';
import { isInRanges } from './address-ranges.ts';
import { refuseGuess } from './limit.ts';
import { findSession } from './session.ts';

/** The precision of `last_used_at`, in ms: a read must not cost a write each time. */
const LAST_USED_PRECISION_MS = 60_000;

/** Identifies the caller by API key or session cookie; without either the request continues without a principal. */
export function authenticate(context: ApiContext): RequestHandler {
  return async (request: Request, response: Response, next: NextFunction) => {
    response.locals['principal'] = await identify(context, request);
    next();
  };
}

/** Throws 401 without a principal, 403 if it has none of `scopes`. */
export function requireScope(principal: Principal | null | undefined, scopes: readonly Scope[]): Principal {
  if (!principal)
    throw new Problem('unauthenticated', 'Expected "Authorization: Bearer <API key>" or a session cookie');
  if (scopes.some((scope) => principal.scopes.has(scope))) return principal;
  throw new Problem('scope_missing', `The call needs the scope ${scopes.join(' or ')}, which the key lacks`);
}

/** The caller as the database knows it now; null without a key and a session. Throws for a key that does not count. */
export async function identify(context: ApiContext, request: Request): Promise<Principal | null> {
  const header = request.get('authorization');
  if (header === undefined) return sessionPrincipal(context, request);
  const [, token] = /^Bearer +(\S+)$/i.exec(header) ?? [];
  return keyPrincipal(context, await findKey(context, request, token ?? null), request);
}

/** The row of a key that was presented. Throws 401, or 429 where many wrong ones were. */
export async function findKey(context: ApiContext, request: Request, token: string | null): Promise<ApiKeyRow> {
  const key = token === null ? null : await context.knownKeys.find(sha256(token));
  return key ?? refuseGuess(context, request, new Problem('unauthenticated', 'The API key is not valid'));
}

/** A session that was opened with a key has that key's rights, and ends with it. */
async function sessionPrincipal(context: ApiContext, request: Request): Promise<Principal | null> {
  const session = await findSession(context, request);
  if (!session) return null;
  const { apiKeyId } = session;
  if (apiKeyId === null)
    return { id: LOGIN_SESSION, tenantId: null, scopes: new Set(SCOPES), readsPerMinute: null, kind: 'session' };
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
    if (context.limits.refusals.isFirst(clientNetwork(request), `outside the list of ${key.id}`))
      context.logger.warn({ apiKeyId: key.id }, 'An API key was used from an address outside its list');
    throw new Problem('address_not_allowed', 'The API key may not be used from this address');
  }
  if (!key.lastUsedAt || now.getTime() - key.lastUsedAt.getTime() > LAST_USED_PRECISION_MS) {
    key.lastUsedAt = now;
    await withinReach(context.database, null, (tx) => updateApiKey(tx, key.id, { lastUsedAt: now }));
  }
  const readsPerMinute = key.limits?.readsPerMinute ?? null;
  return { id: key.id, tenantId: key.tenantId, scopes: new Set(key.scopes), readsPerMinute, kind: 'key' };
}
