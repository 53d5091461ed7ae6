import { z } from 'zod';
import { EVENT_TYPES } from '../../domain/event.ts';
import { STATUS_REASONS } from '../../domain/verdict.ts';
import { pageQuery } from '../http/paging.ts';
import { tenantName, timeOut } from './parts.ts';

export const timelineQuery = z.strictObject({ ...pageQuery });

export const eventOut = z
  .object({
    id: z.string().describe('The event’s id'),
    type: z.enum(EVENT_TYPES).describe('What happened'),
    at: timeOut.describe('When it happened'),
    incident: z.string().nullable().describe('The incident that the event belongs to; null: none'),
    data: z.record(z.string(), z.unknown()).describe('The details; their fields depend on the type'),
  })
  .meta({ id: 'Event' });

/** An event of the stream names its channel and tenant; both are null for an event of the operator's client. */
export const streamedEventOut = eventOut
  .extend({
    channel: z.string().nullable().describe('The channel’s id; null: the operator’s client'),
    tenant: z.string().nullable().describe('The tenant; null: the operator’s client'),
  })
  .meta({ id: 'StreamedEvent' });
export type StreamedEvent = z.infer<typeof streamedEventOut>;

export const streamQuery = z.strictObject({
  tenant: tenantName.optional().describe('Only events of this tenant'),
  heartbeat_s: z.coerce
    .number()
    .int()
    .min(1)
    .max(60)
    .optional()
    .describe('Also send an event `heartbeat` every so many seconds; left out: a comment every 25 s'),
});

export const incidentsQuery = z.strictObject({
  ...pageQuery,
  tenant: tenantName.optional().describe('Only incidents of this tenant'),
  channel: z.string().max(40).optional().describe('Only incidents of this channel'),
  state: z.enum(['open', 'closed']).optional().describe('Only incidents in this state'),
});

export const incidentOut = z
  .object({
    id: z.string().describe('The incident’s id'),
    state: z.enum(['open', 'closed']).describe('`closed`: recovered, or ended with its channel'),
    tenant: z.string().nullable().describe('The tenant; null: an incident of the operator'),
    channel: z.string().nullable().describe('The channel’s id; null: an incident of the operator'),
    provider: z.string().describe('The access type'),
    reason: z.enum(STATUS_REASONS).nullable().describe('Why it opened'),
    opened_at: timeOut.describe('When it opened'),
    closed_at: timeOut.nullable().describe('When it closed; null: it is open'),
  })
  .meta({ id: 'Incident' });
export type TimelineEvent = z.infer<typeof eventOut>;
export type Incident = z.infer<typeof incidentOut>;
