import type { EventType } from '../../../domain/event.ts';

const ID = '01jz3v8q6wfpx9d2m5t7k4hb1c';
const WINDOW = { from: '2026-05-03T08:12:00.000Z', to: '2026-05-03T12:00:00.000Z' };

const account = { email: 'ana@example.com' };
const channel = {
  account,
  access_type: 'gmail',
  status: 'connected',
  status_reason: null,
  action: 'none',
  provider_code: null,
  credential_version: 3,
};
const refused = { status_reason: 'access_revoked', action: 'reauthorize', provider_code: 'invalid_grant' };
const ofImport = { import: `imp_${ID}`, cause: 'reauthorized', window: WINDOW };
const receipt = { ...ofImport, found: 40, imported: 38, already_had: 2, skipped: 0, repaired: 0, missing: 0 };

/** `data` of an event of each type, for the reference. */
const DATA: Record<EventType, Record<string, unknown>> = {
  'channel.connected': { account, access_type: 'gmail', status: 'connected' },
  'channel.degraded': { ...channel, status: 'degraded', status_reason: 'provider_unavailable', provider_code: '503' },
  'channel.reauth_required': { ...channel, ...refused, status: 'reauth_required' },
  'channel.reauth_reminder': {
    ...channel,
    ...refused,
    status: 'reauth_required',
    number: 2,
    admins_join: true,
    admins_alone: false,
  },
  'channel.reauthorized': channel,
  'channel.repaired': channel,
  'channel.expiring': {
    ...channel,
    action: 'reauthorize',
    expires_at: '2026-05-05T12:00:00.000Z',
    expires_by: 'refresh_token_expired',
  },
  'channel.blocked': { ...channel, status: 'blocked', status_reason: 'account_disabled', action: 'contact_support' },
  'channel.access_changed': { ...channel, from: 'imap', to: 'gmail', reversal: false },
  'channel.paused': { ...channel, status: 'paused' },
  'channel.resumed': channel,
  'channel.disconnected': { ...channel, status: 'disconnected', revocation: 'done' },
  'credential.refreshed': { credential_version: 4, token_expires_at: '2026-05-03T13:00:00.000Z' },
  'subscription.renewal_failed': {
    account,
    access_type: 'gmail',
    reason: 'subscription_renewal_failed',
    provider_code: 'push_refused',
    retry_at: '2026-05-03T12:00:15.000Z',
  },
  'subscription.restored': { account, access_type: 'gmail', expires_at: '2026-05-10T12:00:00.000Z' },
  'gap.detected': { ...ofImport, gap_cause: 'reauthorized' },
  'import.started': ofImport,
  'import.progress': { ...ofImport, progress: { done: 25, estimate: 40 } },
  'import.completed': receipt,
  'import.stalled': { ...receipt, imported: 37, missing: 1, set_aside: ['Projects'] },
  'message.received': { count: 25, cursor: 'ZmVlZDox' },
  'incident.opened': { reason: 'access_revoked', action: 'reauthorize' },
  'incident.closed': channel,
};

/** A person or an operator had to act, or has acted. */
const OF_INCIDENT = /^incident\.|^channel\.(degraded|reauth_required|reauth_reminder|reauthorized|repaired|blocked)$/;

/** A webhook of this type, as a receiver gets it. */
export const sampleWebhook = (type: EventType) => ({
  type,
  timestamp: '2026-05-03T12:00:00.000Z',
  data: {
    channel: `chn_${ID}`,
    tenant: 'acme',
    incident: OF_INCIDENT.test(type) ? `inc_${ID}` : null,
    ...sampleEventData(type),
  },
});

export const sampleEventData = (type: EventType) => DATA[type];
