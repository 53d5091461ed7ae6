/** Every event: of webhooks, the timeline and the SSE stream (`noun.verb_past`). */
export const EVENT_TYPES = [
  'channel.connected',
  'channel.degraded',
  'channel.reauth_required',
  'channel.reauth_reminder',
  'channel.reauthorized',
  'channel.repaired',
  'channel.expiring',
  'channel.blocked',
  'channel.access_changed',
  'channel.paused',
  'channel.resumed',
  'channel.disconnected',
  'credential.refreshed',
  'subscription.renewal_failed',
  'subscription.restored',
  'gap.detected',
  'import.started',
  'import.progress',
  'import.completed',
  'import.stalled',
  'message.received',
  'incident.opened',
  'incident.closed',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** The data of an event as it leaves Mooring: its fields are snake_case. */
export function wireData(data: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(data).map(([name, value]) => [snakeName(name), value]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

const snakeName = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * Whether an event is delivered to webhook endpoints. A refresh stays in the timeline: an hourly webhook per channel
 * would drown the others.
 */
export function isDelivered(type: EventType): boolean {
  return type !== 'credential.refreshed';
}

/** The lanes of webhook deliveries, the first one first: a flood of messages holds up no lifecycle event. */
export const DELIVERY_LANES = ['lifecycle', 'messages'] as const;
export type DeliveryLane = (typeof DELIVERY_LANES)[number];

export function laneOf(type: EventType): DeliveryLane {
  return type === 'message.received' || type === 'import.progress' ? 'messages' : 'lifecycle';
}
