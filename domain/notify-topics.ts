/** Topics of PostgreSQL's NOTIFY. A payload is a hint where to look; the rows are the facts. */

/** Settled rows in `events`; the payload is `tenantsAsPayload` of those that they belong to. */
export const EVENTS_TOPIC = 'mooring_events';
/** A channel's credential changed, or an attempt to refresh or check it has ended; the payload is the channel's id. */
export const CREDENTIALS_TOPIC = 'mooring_credentials';
/** A channel shows something else without an event; the payload is its tenant and its id as JSON. */
export const CHANNELS_TOPIC = 'mooring_channels';

/** PostgreSQL takes a payload of less than 8,000 bytes, and refuses the transaction of a longer one. */
const LONGEST_PAYLOAD_BYTES = 7_000;

/** A list of tenants, null for the operator; empty where it would be too long: any tenant may have news. */
export function tenantsAsPayload(tenants: (string | null)[]): string {
  const payload = JSON.stringify(tenants);
  return new TextEncoder().encode(payload).length > LONGEST_PAYLOAD_BYTES ? '' : payload;
}

/** Whether a payload has news of a tenant; null: of any. */
export function isNewsOf(payload: string, tenantId: string | null): boolean {
  if (payload === '' || tenantId === null) return true;
  return (JSON.parse(payload) as (string | null)[]).includes(tenantId);
}
