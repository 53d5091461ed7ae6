import { z } from 'zod';
import { DELIVERY_LANES, EVENT_TYPES, isDelivered } from '../../domain/event.ts';
import { pageQuery } from '../http/paging.ts';
import { tenantName, time, timeOut, webAddress } from './parts.ts';

const DELIVERED = EVENT_TYPES.filter((type) => isDelivered(type));

const eventType = z.enum(EVENT_TYPES).meta({ id: 'EventType', description: 'What happened' });
const events = z
  .array(z.enum(DELIVERED))
  .min(1, 'expected at least one type; leave it out for every type')
  .transform((given) => [...new Set(given)])
  .nullable()
  .describe('The event types to deliver; null or left out: every type');

const url = webAddress
  .refine((text) => !text.includes('#'), 'expected an address without a fragment, which would never be sent')
  .describe('Where deliveries are posted');

export const endpointsQuery = z.strictObject(pageQuery);
export const deliveriesQuery = z.strictObject(pageQuery);

export const createEndpointBody = z.strictObject({
  url,
  events: events.optional(),
  tenant: tenantName.optional().describe('The tenant whose events are delivered; left out: every tenant'),
});

export const patchEndpointBody = z.strictObject({
  url: url.optional(),
  events: events.optional(),
  disabled: z.boolean().optional().describe('Whether the endpoint gets no deliveries'),
});

const endpoint = z.object({
  id: z.string().describe('The endpoint’s id'),
  url: z.string().describe('Where deliveries are posted'),
  events: z.array(eventType).nullable().describe('The event types to deliver; null: every type'),
  tenant: z.string().nullable().describe('The tenant whose events are delivered; null: every tenant'),
  disabled: z.boolean().describe('Whether the endpoint gets no deliveries'),
  disabled_at: timeOut.nullable().describe('Since when; null: it is enabled'),
  created_at: timeOut.describe('When the endpoint was added'),
  old_secret_until: timeOut
    .nullable()
    .describe('Until when the secret before the last rotation signs as well; null: there was no rotation'),
  failing: z
    .object({
      since: timeOut.describe('When the first failure in a row was'),
      failures: z.int().describe('Failed attempts in a row'),
      waits_until: timeOut
        .nullable()
        .describe(
          'After several failures in a row, deliveries wait, and one of them is attempted at growing gaps: when next, at the earliest; null: deliveries are attempted as they come',
        ),
      lane: z
        .enum(DELIVERY_LANES)
        .describe(
          '`messages`: only `message.received` and `import.progress` fail; `lifecycle`: the other events do, if not both',
        ),
    })
    .nullable()
    .describe(
      'null: the last attempt succeeded, or none was made since the endpoint was enabled or its address changed',
    ),
});
export const endpointOut = endpoint.meta({ id: 'WebhookEndpoint' });
export const newEndpointOut = endpoint
  .extend({ secret: z.string().describe('Verifies the signature (Standard Webhooks); shown only in this answer') })
  .meta({ id: 'NewWebhookEndpoint' });
export type NewWebhookEndpoint = z.infer<typeof newEndpointOut>;

export const deliveryOut = z
  .object({
    id: z.string().describe('The delivery’s id'),
    endpoint: z.string().describe('The endpoint’s id'),
    event: z
      .object({ id: z.string().describe('The event’s id; the `webhook-id` header'), type: eventType })
      .describe('The event that is delivered'),
    redelivery: z.int().describe('0: the first delivery of the event; 1, 2, …: its requested repetitions'),
    state: z.enum(['pending', 'delivered', 'failed']).describe('`failed`: no further attempt is made'),
    attempts: z.int().describe('Attempts made so far'),
    last_status: z.int().nullable().describe('The HTTP status of the last attempt; null: no answer'),
    last_error: z.string().nullable().describe('Why the last attempt failed, in words; null: it did not'),
    last_attempt_at: timeOut.nullable().describe('When the last attempt was made; null: none yet'),
    next_attempt_at: timeOut.nullable().describe('When the next attempt is due; null: none follows'),
    delivered_at: timeOut.nullable().describe('When the endpoint accepted the event; null: not yet'),
    created_at: timeOut.describe('When the delivery was made'),
  })
  .meta({ id: 'WebhookDelivery' });

export const deliveryDetailOut = deliveryOut
  .extend({
    attempt_count: z.int().describe('Attempts made so far'),
    attempts: z
      .array(
        z.object({
          at: timeOut.describe('When the attempt ended'),
          status: z.int().nullable().describe('The HTTP status; null: no answer'),
          ms: z.int().describe('How long it took, in ms'),
          response: z.string().nullable().describe('The first 4 KiB of the answer’s body; null: no answer'),
          error: z.string().nullable().describe('Why it failed, in words; null: it did not'),
        }),
      )
      .describe('The last ten attempts, oldest first'),
    request: z
      .object({
        headers: z.record(z.string(), z.string()).describe('As the last attempt had them'),
        body: z.string().describe('The body, which is the same in every attempt'),
      })
      .describe('What is posted to the endpoint'),
  })
  .meta({ id: 'WebhookDeliveryDetail' });
export type WebhookDeliveryDetail = z.infer<typeof deliveryDetailOut>;

export const testBody = z.strictObject({
  type: z.enum(DELIVERED).optional().describe('The type of the event; left out: the first that the endpoint wants'),
});

export const replayBody = z
  .strictObject({
    since: time.describe('Events whose delivery was made from then on'),
    until: time.optional().describe('And before then; left out: until now'),
    states: z
      .array(z.enum(['delivered', 'failed']))
      .min(1)
      .optional()
      .describe('What became of the last delivery of the event; left out: any that has ended'),
  })
  .refine(({ since, until }) => until === undefined || Date.parse(since) < Date.parse(until), {
    error: 'expected `until` after `since`',
    path: ['until'],
  });
export const replayOut = z.object({ count: z.int().describe('Events that are delivered again') });

const DAY_S = 86_400;
export const rotateBody = z.strictObject({
  overlap_s: z
    .int()
    .min(0)
    .max(30 * DAY_S)
    .default(DAY_S)
    .describe('How long the secret before signs as well, in seconds; 0: it ends at once'),
});
export const rotatedOut = z.object({
  secret: z.string().describe('The new secret; shown only in this answer'),
  old_until: timeOut.describe('Until when deliveries are signed with both secrets'),
});

export type WebhookEndpoint = z.infer<typeof endpointOut>;
export type WebhookDelivery = z.infer<typeof deliveryOut>;
