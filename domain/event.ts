/** Everything that is told: over webhooks, in the timeline and on the SSE stream (`noun.verb_past`). */
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

/**
 * Whether an event goes to webhook endpoints. A refresh is the diary's business only: an hourly webhook per channel
 * would drown the ones that matter.
 */
export function isDelivered(type: EventType): boolean {
  return type !== 'credential.refreshed';
}
