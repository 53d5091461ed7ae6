import { z } from 'zod';
import { EVENT_TYPES } from '../../domain/event.ts';
import { STATUS_REASONS } from '../../domain/verdict.ts';
import { pageQuery } from '../http/paging.ts';
import { tenantName, timeOut } from './parts.ts';

export const timelineQuery = z.strictObject({ ...pageQuery });

export const eventOut = z
  .object({
    id: z.string(),
    type: z.enum(EVENT_TYPES),
    at: timeOut,
    incident: z.string().nullable(),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Event' });

/** An event of the stream says where it belongs; both are null for an event of the operator's own client. */
export const streamedEventOut = eventOut
  .extend({ channel: z.string().nullable(), tenant: z.string().nullable() })
  .meta({ id: 'StreamedEvent' });
export type StreamedEvent = z.infer<typeof streamedEventOut>;

export const streamQuery = z.strictObject({ tenant: tenantName.optional() });

export const incidentsQuery = z.strictObject({
  ...pageQuery,
  tenant: tenantName.optional(),
  channel: z.string().max(40).optional(),
  state: z.enum(['open', 'closed']).optional(),
});

export const incidentOut = z
  .object({
    id: z.string(),
    state: z.enum(['open', 'closed']),
    tenant: z.string().nullable(),
    channel: z.string().nullable(),
    provider: z.string(),
    reason: z.enum(STATUS_REASONS).nullable(),
    opened_at: timeOut,
    closed_at: timeOut.nullable(),
  })
  .meta({ id: 'Incident' });
export type TimelineEvent = z.infer<typeof eventOut>;
export type Incident = z.infer<typeof incidentOut>;
