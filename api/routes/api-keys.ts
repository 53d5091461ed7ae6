import {
  findApiKey,
  insertApiKey,
  listApiKeys,
  lockApiKey,
  revokeApiKey,
  updateApiKey,
} from '../../db/access/api-keys.ts';
import type { ApiKeyRow } from '../../db/access/api-keys.ts';
import { newId } from '../../db/ids.ts';
import { ensureTenant } from '../../db/access/tenants.ts';
import { empty, json } from '../http/answers.ts';
import type { ApiContext } from '../api-context.ts';
import { defineCall } from '../http/call.ts';
import { idCursor, pageOf, parseIdCursor } from '../http/paging.ts';
import { presentApiKey } from '../presenters/api-key.ts';
import { notFound } from '../http/problem.ts';
import { randomText, sha256 } from '../../crypto/random-secrets.ts';
import { ownRights, requireGrantable, requireNoMoreThan } from '../auth/grant.ts';
import { withinReach } from '../../db/across-tenants/reach.ts';
import { listInReach, tenantInReach } from '../auth/reach.ts';
import { keyBody, keyOut, keyPatchBody, keysQuery, newKeyOut } from '../schemas/api-keys.ts';
import type { KeyPatchBody } from '../schemas/api-keys.ts';
import { listOf } from '../schemas/list.ts';
import { idParams } from '../schemas/parts.ts';

const tag = 'API keys';
const params = idParams('key');

const list = defineCall({
  method: 'get',
  path: '/v1/api-keys',
  operationId: 'listApiKeys',
  summary: 'List API keys, newest first, including revoked ones',
  description: 'The keys themselves are shown nowhere: Mooring keeps their hashes.',
  tag,
  access: ['admin'],
  query: keysQuery,
  answers: { 200: json('A page of keys', listOf(keyOut)) },
  problems: ['invalid_cursor'],
  async run({ context, principal, query }) {
    const { limit } = query;
    const { tenantId } = principal;
    const after = parseIdCursor(query.after);
    const rows = await listInReach(context, tenantId, (tx) => listApiKeys(tx, { tenantId, after, limit: limit + 1 }));
    return { status: 200, body: pageOf(rows, limit, { cursor: ({ id }) => idCursor(id), show: presentApiKey }) };
  },
});

const create = defineCall({
  method: 'post',
  path: '/v1/api-keys',
  operationId: 'createApiKey',
  summary: 'Make an API key, with no more rights than the caller has',
  description:
    'The answer has the key itself, this once. A key of a tenant makes keys of that tenant only; no key grants a scope, an address range or an end that it does not have.',
  tag,
  access: ['admin'],
  body: keyBody,
  example: { name: 'reports', scopes: ['channels:read', 'messages:read'], tenant: 'acme' },
  answers: { 201: json('The key, shown only in this answer', newKeyOut) },
  problems: ['tenant_not_allowed', 'rights_exceeded'],
  async run({ context, principal, body }) {
    const tenantId = tenantInReach(principal, body.tenant ?? undefined);
    const key = `mk_${randomText()}`;
    const createdAt = await context.clock.now();
    const row = {
      id: newId('key'),
      name: body.name,
      hash: sha256(key),
      tenantId,
      scopes: body.scopes,
      cidrs: body.cidrs,
      expiresAt: dateOf(body.expiresAt),
      limits: body.limits,
      revokedAt: null,
      lastUsedAt: null,
      createdAt,
    };
    requireGrantable(row, await ownRights(context, principal));
    await makeTenant(context, tenantId, createdAt);
    await withinReach(context.database, tenantId, (tx) => insertApiKey(tx, row));
    return { status: 201, body: { ...presentApiKey(row), api_key: key } };
  },
});

const get = defineCall({
  method: 'get',
  path: '/v1/api-keys/:id',
  operationId: 'getApiKey',
  summary: 'Read an API key’s scopes and limits',
  description: 'Not the key itself, which is shown only when it is made.',
  tag,
  access: ['admin'],
  params,
  answers: { 200: json('The key without its secret', keyOut) },
  async run({ context, principal, params: { id } }) {
    const row = await withinReach(context.database, principal.tenantId, (tx) => findApiKey(tx, id));
    if (!row) throw notFound('API key');
    return { status: 200, body: presentApiKey(row) };
  },
});

const patch = defineCall({
  method: 'patch',
  path: '/v1/api-keys/:id',
  operationId: 'updateApiKey',
  summary: 'Change an API key’s name, or its rights within those of the caller',
  description: 'Fields that are left out stay as they are. A key changes its own limits only to less.',
  tag,
  access: ['admin'],
  params,
  body: keyPatchBody,
  example: { name: 'monthly reports' },
  answers: { 200: json('The key', keyOut) },
  problems: ['tenant_not_allowed', 'rights_exceeded'],
  async run({ context, principal, params: { id }, body }) {
    const own = await ownRights(context, principal);
    const { name, ...rights } = valuesOf(body);
    const tenantId = tenantInReach(principal, body.tenant ?? undefined);
    if (body.tenant !== undefined) await makeTenant(context, tenantId, await context.clock.now());
    const row = await withinReach(context.database, principal.tenantId, async (tx) => {
      const before = await lockApiKey(tx, id);
      if (!before || Object.keys(body).length === 0) return before;
      if (Object.keys(rights).length > 0) {
        requireNoMoreThan(before, own);
        requireGrantable({ ...before, ...rights }, own);
      }
      return updateApiKey(tx, id, { ...(name === undefined ? {} : { name }), ...rights });
    });
    if (!row) throw notFound('API key');
    return { status: 200, body: presentApiKey(row) };
  },
});

const revoke = defineCall({
  method: 'delete',
  path: '/v1/api-keys/:id',
  operationId: 'revokeApiKey',
  summary: 'Revoke an API key; it stops working everywhere within seconds',
  description: 'Streams that it holds end as well. It stays listed with `revoked_at`.',
  tag,
  access: ['admin'],
  params,
  answers: { 204: empty('The key is revoked') },
  async run({ context, principal, params: { id } }) {
    const now = await context.clock.now();
    await withinReach(context.database, principal.tenantId, async (tx) => {
      if (!(await findApiKey(tx, id))) throw notFound('API key');
      await revokeApiKey(tx, id, now);
    });
    return { status: 204 };
  },
});

type Values = Partial<Pick<ApiKeyRow, 'name' | 'scopes' | 'tenantId' | 'cidrs' | 'expiresAt' | 'limits'>>;

/** What a request changes; a field that it leaves out stays. */
function valuesOf({ tenant, expiresAt, ...same }: KeyPatchBody): Values {
  const given = { ...same, tenantId: tenant, expiresAt: expiresAt === undefined ? undefined : dateOf(expiresAt) };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Values;
}

const dateOf = (time: string | null) => (time === null ? null : new Date(time));

async function makeTenant({ database }: ApiContext, id: string | null, now: Date): Promise<void> {
  if (id !== null) await database.inTenant(id, (tx) => ensureTenant(tx, id, now));
}

export const apiKeyCalls = [list, create, get, patch, revoke];
