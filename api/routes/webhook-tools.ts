import { newWebhookSecret, webhookSecretBinding } from '../../crypto/webhook-secret.ts';
import { withinReach } from '../../db/across-tenants/reach.ts';
import type { Transaction } from '../../db/client.ts';
import { insertTestDelivery, replayDeliveries } from '../../db/events/replays.ts';
import type { Replayed, ReplayPage } from '../../db/events/replays.ts';
import { findEndpoint, rotateSecret } from '../../db/events/endpoints.ts';
import type { EndpointRow } from '../../db/events/endpoints.ts';
import { json } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import { Problem, notFound } from '../http/problem.ts';
import { presentDelivery } from '../presenters/webhooks.ts';
import { sampleWebhook } from '../schemas/events/event-samples.ts';
import { idParams } from '../schemas/parts.ts';
import { deliveryOut, replayBody, replayOut, rotateBody, rotatedOut, testBody } from '../schemas/webhooks.ts';

const tag = 'Webhooks';
const params = idParams('whe');
/** Events that one replay delivers again, and how many in one transaction. */
const MOST_REPLAYED = 100_000;
const AT_ONCE = 1_000;

const test = defineCall({
  method: 'post',
  path: '/v1/webhook-endpoints/:id/test',
  operationId: 'testWebhookEndpoint',
  summary: 'Send a test event to a webhook endpoint',
  description:
    'A sample of the type, signed as any other, with `"test": true` in its `data`. No other endpoint, timeline or stream has it.',
  tag,
  access: ['webhooks:write'],
  params,
  body: testBody,
  example: { type: 'channel.reauth_required' },
  answers: { 201: json('The delivery, which is attempted at once', deliveryOut) },
  problems: ['endpoint_disabled'],
  async run({ context, principal, params: { id }, body: { type: wanted } }) {
    const now = await context.clock.now();
    const body = await withinReach(context.database, principal.tenantId, async (tx) => {
      const endpoint = await enabledEndpoint(tx, id);
      const type = wanted ?? endpoint.events?.[0] ?? 'channel.connected';
      const sample = sampleWebhook(type).data;
      const data = { ...sample, tenant: endpoint.tenantId ?? sample.tenant, test: true };
      const { delivery, event } = await insertTestDelivery(tx, { endpoint, type, data, now });
      return presentDelivery(delivery, event);
    });
    return { status: 201, body };
  },
});

const replay = defineCall({
  method: 'post',
  path: '/v1/webhook-endpoints/:id/replay',
  operationId: 'replayDeliveries',
  summary: 'Repeat what a webhook endpoint was sent since a time',
  description:
    'Each event once more, with its own `webhook-id`, oldest first; at most 100,000 at a time. For a receiver that was down, or lost what it had.',
  tag,
  access: ['webhooks:write'],
  params,
  body: replayBody,
  example: { since: '2026-05-03T08:00:00Z', states: ['failed'] },
  answers: { 202: json('How many are on their way', replayOut) },
  problems: ['endpoint_disabled'],
  async run({ context, principal, params: { id }, body: { since, until, states } }) {
    const now = await context.clock.now();
    const end = until === undefined ? now : new Date(until);
    const window = { since: new Date(since), until: end < now ? end : now };
    let count = 0;
    for (let after: string | null = ''; after !== null && count < MOST_REPLAYED;) {
      const page: ReplayPage = { window, states: states ?? ['delivered', 'failed'], after, limit: AT_ONCE, now };
      const turn: Replayed = await withinReach(context.database, principal.tenantId, async (tx) => {
        await enabledEndpoint(tx, id);
        return replayDeliveries(tx, id, page);
      });
      count += turn.count;
      after = turn.last;
    }
    return { status: 202, body: { count } };
  },
});

const rotate = defineCall({
  method: 'post',
  path: '/v1/webhook-endpoints/:id/rotate-secret',
  operationId: 'rotateWebhookSecret',
  summary: 'Change the secret of a webhook endpoint',
  description:
    'Deliveries are signed with both secrets until `old_until`, so that the receiver changes over without losing one. A secret that is older still ends at once.',
  tag,
  access: ['webhooks:write'],
  params,
  body: rotateBody,
  example: { overlap_s: 86_400 },
  answers: { 200: json('The new secret, shown only in this answer', rotatedOut) },
  async run({ context, principal, params: { id }, body: { overlap_s: overlapS } }) {
    const oldUntil = new Date((await context.clock.now()).getTime() + overlapS * 1_000);
    const secret = newWebhookSecret();
    await withinReach(context.database, principal.tenantId, async (tx) => {
      const endpoint = await findEndpoint(tx, id);
      if (!endpoint) throw notFound('webhook endpoint');
      const secretJwe = await context.vault.encryptSecret(secret, webhookSecretBinding(endpoint));
      if (!(await rotateSecret(tx, { id, secretJwe, oldUntil }))) throw notFound('webhook endpoint');
    });
    return { status: 200, body: { secret: secret.reveal(), old_until: oldUntil.toISOString() } };
  },
});

/** Throws 404, and 409 for one that is switched off. */
async function enabledEndpoint(tx: Transaction, id: string): Promise<EndpointRow> {
  const endpoint = await findEndpoint(tx, id);
  if (!endpoint) throw notFound('webhook endpoint');
  if (endpoint.disabledAt === null) return endpoint;
  throw new Problem('endpoint_disabled', 'The endpoint is disabled; enable it with PATCH {"disabled": false} first');
}

export const webhookToolCalls = [test, replay, rotate];
