import { wireData } from '../../domain/event.ts';
import type { EventRow } from '../../db/events/timeline.ts';
import type { StreamedEvent, TimelineEvent } from '../schemas/events.ts';

/** An event of the timeline; with `channel` and `tenant` as it goes over the stream. */
export function presentEvent({ id, type, at, incidentId, data }: EventRow): TimelineEvent {
  return { id, type, at: at.toISOString(), incident: incidentId, data: wireData(data) };
}

export function presentStreamedEvent(row: EventRow): StreamedEvent {
  return { ...presentEvent(row), channel: row.channelId, tenant: row.tenantId };
}
