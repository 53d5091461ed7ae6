import type { EventType } from '../../domain/event.ts';
import type { TimelineEvent } from '../../api/schemas/events.ts';

export interface EventGroup {
  /** The one to show; for messages its count is the sum. */
  newest: TimelineEvent;
  /** The oldest: it stays when newer ones join, so it names the group. */
  first: TimelineEvent;
  size: number;
}

const REPEATING = new Set<EventType>(['credential.refreshed', 'message.received', 'import.progress']);

/** Joins neighbours that only repeat: renewals, batches of messages, steps of one import. Newest first, as it came. */
export function groupEvents(events: TimelineEvent[]): EventGroup[] {
  const groups: EventGroup[] = [];
  for (const event of events) {
    const last = groups.at(-1);
    if (last && last.newest.type === event.type && REPEATING.has(event.type)) {
      last.first = event;
      last.size += 1;
      if (event.type === 'message.received')
        last.newest = withCount(last.newest, countOf(last.newest) + countOf(event));
    } else {
      groups.push({ newest: event, first: event, size: 1 });
    }
  }
  return groups;
}

function countOf(event: TimelineEvent): number {
  const count = event.data['count'];
  return typeof count === 'number' ? count : 1;
}

function withCount(event: TimelineEvent, count: number): TimelineEvent {
  return { ...event, data: { ...event.data, count } };
}
