import type { Context } from '../../runtime/context.ts';
import { newWebhookSecret, webhookSecretBinding } from '../../crypto/webhook-secret.ts';
import { withinReach } from '../../db/across-tenants/reach.ts';
import { newId } from '../../db/ids.ts';
import { ensureTenant } from '../../db/access/tenants.ts';
import {
  deleteEndpoint,
  findEndpoint,
  findOtherEndpoint,
  insertEndpoint,
  listEndpoints,
  updateEndpoint,
} from '../../db/events/endpoints.ts';
import type { EndpointRow } from '../../db/events/endpoints.ts';
import { closedCircuits } from '../../db/events/circuits.ts';
import type { Transaction } from '../../db/client.ts';
import { ProviderError } from '../../domain/verdict.ts';
import { admitReceiver } from '../../webhooks/receivers.ts';
import { empty, json } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import { idCursor, pageOf, parseIdCursor } from '../http/paging.ts';
import { presentEndpoint } from '../presenters/webhooks.ts';
import { Problem, notFound } from '../http/problem.ts';
import { listInReach, tenantInReach } from '../auth/reach.ts';
import { deliveryCalls } from './deliveries.ts';
import { webhookToolCalls } from './webhook-tools.ts';
import { listOf } from '../schemas/list.ts';
import { idParams } from '../schemas/parts.ts';
import {
  createEndpointBody,
  endpointOut,
  endpointsQuery,
  newEndpointOut,
  patchEndpointBody,
} from '../schemas/webhooks.ts';

const tag = 'Webhooks';
const params = idParams('whe');

const create = defineCall({
  method: 'post',
  path: '/v1/webhook-endpoints',
  operationId: 'createWebhookEndpoint',
  summary: 'Add a webhook endpoint',
  description:
    'It gets every event from now on, or those of `events`, signed as Standard Webhooks says, at least once. The answer has the secret, this once. The same address again is 409 `endpoint_exists`, with its id as `endpoint`.',
  tag,
  access: ['webhooks:write'],
  body: createEndpointBody,
  example: { url: 'http://127.0.0.1:8080/webhooks/mooring', events: ['channel.reauth_required'], tenant: 'acme' },
  answers: { 201: json('The endpoint with its secret, shown only in this answer', newEndpointOut) },
  problems: ['tenant_not_allowed', 'tenant_erasing', 'endpoint_exists'],
  async run({ context, principal, body: { url, events = null, tenant } }) {
    const tenantId = tenantInReach(principal, tenant);
    await admit(context, url);
    const id = newId('whe');
    const secret = newWebhookSecret();
    const secretJwe = await context.vault.encryptSecret(secret, webhookSecretBinding({ id, tenantId }));
    const createdAt = await context.clock.now();
    const row = await withinReach(context.database, tenantId, async (tx) => {
      if (tenantId !== null && (await ensureTenant(tx, tenantId, createdAt)).eraseRequestedAt) {
        throw new Problem('tenant_erasing', `The tenant "${tenantId}" is being erased`);
      }
      await requireNoOther(tx, { id, tenantId, url });
      return insertEndpoint(tx, { id, tenantId, url, events, secretJwe, createdAt });
    });
    return { status: 201, body: { ...presentEndpoint(row), secret: secret.reveal() } };
  },
});

const list = defineCall({
  method: 'get',
  path: '/v1/webhook-endpoints',
  operationId: 'listWebhookEndpoints',
  summary: 'List webhook endpoints',
  description: 'Oldest first. `failing` says which of them fail, and since when.',
  tag,
  access: ['webhooks:read'],
  query: endpointsQuery,
  answers: { 200: json('A page of endpoints', listOf(endpointOut)) },
  problems: ['invalid_cursor'],
  async run({ context, principal, query: { limit, after } }) {
    const page = { after: parseIdCursor(after), limit: limit + 1 };
    const rows = await listInReach(context, principal.tenantId, (tx) => listEndpoints(tx, page));
    const body = pageOf(rows, limit, { cursor: (row) => idCursor(row.id), show: presentEndpoint });
    return { status: 200, body };
  },
});

const get = defineCall({
  method: 'get',
  path: '/v1/webhook-endpoints/:id',
  operationId: 'getWebhookEndpoint',
  summary: 'Read a webhook endpoint',
  description: 'Not its secret, which is shown only when it is made.',
  tag,
  access: ['webhooks:read'],
  params,
  answers: { 200: json('The endpoint', endpointOut) },
  async run({ context, principal, params: { id } }) {
    const row = await withinReach(context.database, principal.tenantId, (tx) => findEndpoint(tx, id));
    if (!row) throw notFound('webhook endpoint');
    return { status: 200, body: presentEndpoint(row) };
  },
});

const patch = defineCall({
  method: 'patch',
  path: '/v1/webhook-endpoints/:id',
  operationId: 'updateWebhookEndpoint',
  summary: 'Change a webhook endpoint’s address, event types or whether it is enabled',
  description:
    'Fields that are left out stay as they are. Another address, and `disabled: false` after a failure, let waiting deliveries go at once.',
  tag,
  access: ['webhooks:write'],
  params,
  body: patchEndpointBody,
  example: { disabled: true },
  answers: { 200: json('The changed endpoint', endpointOut) },
  problems: ['endpoint_exists'],
  async run({ context, principal, params: { id }, body: { url, events, disabled } }) {
    if (url !== undefined) await admit(context, url);
    const now = await context.clock.now();
    const row = await withinReach(context.database, principal.tenantId, async (tx) => {
      const before = await findEndpoint(tx, id);
      if (!before) return null;
      if (url !== undefined && url !== before.url) await requireNoOther(tx, { ...before, url });
      const mended = (url !== undefined && url !== before.url) || (disabled === false && before.disabledAt !== null);
      return updateEndpoint(tx, id, {
        ...(mended ? closedCircuits() : {}),
        ...(url === undefined ? {} : { url }),
        ...(events === undefined ? {} : { events }),
        ...(disabled === undefined ? {} : { disabledAt: disabled ? (before.disabledAt ?? now) : null }),
      });
    });
    if (!row) throw notFound('webhook endpoint');
    return { status: 200, body: presentEndpoint(row) };
  },
});

const remove = defineCall({
  method: 'delete',
  path: '/v1/webhook-endpoints/:id',
  operationId: 'deleteWebhookEndpoint',
  summary: 'Remove a webhook endpoint and its deliveries',
  description: 'Events that were not delivered yet are not delivered any more.',
  tag,
  access: ['webhooks:write'],
  params,
  answers: { 204: empty('The endpoint is removed; deliveries under way end') },
  async run({ context, principal, params: { id } }) {
    const isGone = await withinReach(context.database, principal.tenantId, (tx) => deleteEndpoint(tx, id));
    if (!isGone) throw notFound('webhook endpoint');
    return { status: 204 };
  },
});

/** A second one would get everything twice, signed with another secret. */
async function requireNoOther(tx: Transaction, endpoint: Pick<EndpointRow, 'id' | 'tenantId' | 'url'>): Promise<void> {
  const other = await findOtherEndpoint(tx, endpoint);
  if (other === null) return;
  const detail = `The endpoint ${other} has this address; change its events, or remove it first`;
  throw new Problem('endpoint_exists', detail, { endpoint: other });
}

const NOT_ADMITTED: Readonly<Record<string, string>> = {
  egress_denied:
    'expected a public https: address on port 443; others only where the operator allows them in MOORING_EGRESS_ALLOW',
  dns_failed: 'expected a host whose name is known; it was not found',
};

/** Refuses an address that no webhook can reach. The answer does not reveal where the name led. */
async function admit(context: Context, url: string): Promise<void> {
  try {
    await admitReceiver(context.config.providers.egress, new URL(url));
  } catch (error) {
    const code = error instanceof ProviderError ? (error.verdict.providerCode ?? '') : '';
    const message = NOT_ADMITTED[code] ?? 'expected a host that can be resolved; try again later';
    throw new Problem('validation_failed', `url: ${message}`, { errors: [{ in: 'body', path: 'url', message }] });
  }
}

export const webhookCalls = [create, list, get, patch, remove, ...webhookToolCalls, ...deliveryCalls];
