/** Topics of PostgreSQL's NOTIFY. A payload is a hint where to look; the rows are the facts. */

/** New rows in `events`; empty payload. */
export const EVENTS_TOPIC = 'mooring_events';
/** A channel's credential changed, or an attempt to refresh or check it has ended; the payload is the channel's id. */
export const CREDENTIALS_TOPIC = 'mooring_credentials';
/** A channel shows something else without an event; the payload is its tenant and its id as JSON. */
export const CHANNELS_TOPIC = 'mooring_channels';
