import { z } from 'zod';
import { DELIVERY_LANES, EVENT_TYPES, isDelivered } from '../../domain/event.ts';
import { pageQuery } from '../http/paging.ts';
import { tenantName, timeOut, webAddress } from './parts.ts';

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
export type WebhookEndpoint = z.infer<typeof endpointOut>;
export type WebhookDelivery = z.infer<typeof deliveryOut>;
