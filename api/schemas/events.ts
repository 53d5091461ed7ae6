import { z } from 'zod';
import { EVENT_TYPES } from '../../domain/event.ts';
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

/** An event of the stream names its channel and tenant; both are null for an incident of many channels. */
export const streamedEventOut = eventOut
  .extend({
    channel: z.string().nullable().describe('The channel’s id; null: an incident of many channels'),
    tenant: z.string().nullable().describe('The tenant; null: an incident of many channels'),
  })
  .meta({ id: 'StreamedEvent' });
export type StreamedEvent = z.infer<typeof streamedEventOut>;

/** An event `changed` of the stream. */
export const changedOut = z.object({ channel: z.string().describe('The id of the channel') });

export const streamQuery = z.strictObject({
  tenant: tenantName.optional().describe('Only events of this tenant'),
  heartbeat_s: z.coerce
    .number()
    .int()
    .min(1)
    .max(60)
    .optional()
    .describe('Also send an event `heartbeat` every so many seconds; left out: a comment every 25 s'),
  changes: z
    .enum(['true', 'false'])
    .optional()
    .describe(
      'Also send an event `changed`, with the id as `channel`, for a channel that shows something else without an event of its own, such as a cause that is named later',
    ),
});

export type TimelineEvent = z.infer<typeof eventOut>;
