import { withinReach } from '../../db/across-tenants/reach.ts';
import { findDelivery, insertRedelivery, listDeliveries } from '../../db/events/deliveries.ts';
import { findEndpoint } from '../../db/events/endpoints.ts';
import { listInReach } from '../auth/reach.ts';
import { json } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import { idCursor, pageOf, parseIdCursor } from '../http/paging.ts';
import { presentDelivery, presentDeliveryDetail } from '../presenters/webhooks.ts';
import { Problem, notFound } from '../http/problem.ts';
import { listOf } from '../schemas/list.ts';
import { idParams } from '../schemas/parts.ts';
import { deliveriesQuery, deliveryDetailOut, deliveryOut } from '../schemas/webhooks.ts';

const tag = 'Webhooks';

const list = defineCall({
  method: 'get',
  path: '/v1/webhook-endpoints/:id/deliveries',
  operationId: 'listDeliveries',
  summary: 'List an endpoint’s deliveries, newest first',
  description:
    'What became of each event at this endpoint in the last 30 days, with requested repetitions as entries of their own.',
  tag,
  access: ['webhooks:read'],
  params: idParams('whe'),
  query: deliveriesQuery,
  answers: { 200: json('A page of deliveries', listOf(deliveryOut)) },
  problems: ['invalid_cursor'],
  async run({ context, principal, params: { id }, query: { limit, after } }) {
    const page = { endpointId: id, after: parseIdCursor(after), limit: limit + 1 };
    const rows = await listInReach(context, principal.tenantId, async (tx) => {
      if (!(await findEndpoint(tx, id))) throw notFound('webhook endpoint');
      return listDeliveries(tx, page);
    });
    const body = pageOf(rows, limit, {
      cursor: ({ delivery }) => idCursor(delivery.id),
      show: ({ delivery, event }) => presentDelivery(delivery, event),
    });
    return { status: 200, body };
  },
});

const redeliver = defineCall({
  method: 'post',
  path: '/v1/deliveries/:id/redeliver',
  operationId: 'redeliver',
  summary: 'Repeat a delivery of an event to its endpoint',
  description: 'With the same `webhook-id`, so a receiver that keeps ids recognises it.',
  tag,
  access: ['webhooks:write'],
  params: idParams('whd'),
  answers: { 202: json('The new delivery; its webhook-id is the same', deliveryOut) },
  problems: ['endpoint_disabled'],
  async run({ context, principal, params: { id } }) {
    const now = await context.clock.now();
    const body = await withinReach(context.database, principal.tenantId, async (tx) => {
      const first = await findDelivery(tx, id);
      const endpoint = first && (await findEndpoint(tx, first.delivery.endpointId));
      // A tenant's delivery to an endpoint of the product is the product's: the tenant does not see that endpoint (rule 14).
      if (!first || !endpoint) throw notFound('delivery');
      if (endpoint.disabledAt) {
        throw new Problem(
          'endpoint_disabled',
          'The endpoint is disabled; enable it with PATCH {"disabled": false} first',
        );
      }
      return presentDelivery(await insertRedelivery(tx, first.delivery, now), first.event);
    });
    return { status: 202, body };
  },
});

const get = defineCall({
  method: 'get',
  path: '/v1/deliveries/:id',
  operationId: 'getDelivery',
  summary: 'Read a delivery with what was sent and answered',
  description: 'The request as the last attempt made it, and the last ten attempts with the beginning of each answer.',
  tag,
  access: ['webhooks:read'],
  params: idParams('whd'),
  answers: { 200: json('The delivery', deliveryDetailOut) },
  async run({ context, principal, params: { id } }) {
    const found = await withinReach(context.database, principal.tenantId, async (tx) => {
      const delivery = await findDelivery(tx, id);
      return delivery && (await findEndpoint(tx, delivery.delivery.endpointId)) && delivery;
    });
    if (!found) throw notFound('delivery');
    return { status: 200, body: presentDeliveryDetail(found) };
  },
});

export const deliveryCalls = [list, get, redeliver];
