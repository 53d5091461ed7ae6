import { z } from 'zod';
import { EVENT_TYPES, isDelivered } from '../../domain/event.ts';
import { pageQuery } from '../http/paging.ts';
import { tenantName, timeOut, webAddress } from './parts.ts';

const DELIVERED = EVENT_TYPES.filter((type) => isDelivered(type));

const eventType = z.enum(EVENT_TYPES).meta({ id: 'EventType' });
const events = z
  .array(z.enum(DELIVERED))
  .min(1, 'expected at least one type; leave it out for every type')
  .transform((given) => [...new Set(given)])
  .nullable()
  .meta({ description: 'The types it wants; null: every type' });

const url = webAddress.refine(
  (text) => !text.includes('#'),
  'expected an address without a fragment, which would never be sent',
);

export const endpointsQuery = z.strictObject(pageQuery);
export const deliveriesQuery = z.strictObject(pageQuery);

export const createEndpointBody = z.strictObject({
  url,
  events: events.optional(),
  tenant: tenantName.optional().meta({ description: 'Whose events it gets; left out: those of every tenant' }),
});

export const patchEndpointBody = z.strictObject({
  url: url.optional(),
  events: events.optional(),
  disabled: z.boolean().optional(),
});

const endpoint = z.object({
  id: z.string(),
  url: z.string(),
  events: z.array(eventType).nullable(),
  tenant: z.string().nullable(),
  disabled: z.boolean(),
  disabled_at: timeOut.nullable(),
  created_at: timeOut,
});
export const endpointOut = endpoint.meta({ id: 'WebhookEndpoint' });
export const newEndpointOut = endpoint
  .extend({ secret: z.string().meta({ description: 'Shown once; verifies the signature (Standard Webhooks)' }) })
  .meta({ id: 'NewWebhookEndpoint' });
export type NewWebhookEndpoint = z.infer<typeof newEndpointOut>;

export const deliveryOut = z
  .object({
    id: z.string(),
    endpoint: z.string(),
    event: z.object({ id: z.string(), type: eventType }),
    redelivery: z.int().meta({ description: '0: the first; else the how many-eth repetition somebody asked for' }),
    state: z.enum(['pending', 'delivered', 'failed']),
    attempts: z.int(),
    last_status: z.int().nullable(),
    last_error: z.string().nullable().meta({ description: 'In words' }),
    last_attempt_at: timeOut.nullable(),
    next_attempt_at: timeOut.nullable(),
    delivered_at: timeOut.nullable(),
    created_at: timeOut,
  })
  .meta({ id: 'WebhookDelivery' });
export type WebhookEndpoint = z.infer<typeof endpointOut>;
export type WebhookDelivery = z.infer<typeof deliveryOut>;
