import { z } from 'zod';
import { EVENT_TYPES, isDelivered, isEmitted } from '../../domain/event.ts';
import type { EmittedEventType } from '../../domain/event.ts';
import { STATUSES } from '../../domain/channel.ts';
import { ACTIONS, STATUS_REASONS } from '../../domain/verdict.ts';
import { accessType, timeOut } from './parts.ts';

type Shape = z.core.$ZodLooseShape;

const account = z.object({ email: z.string() });
const reason = z.enum(STATUS_REASONS).nullable();
const action = z.enum(ACTIONS);
const providerCode = z.string().nullable().meta({ description: 'The provider’s own code, where it gave one' });

const channel = {
  account,
  access_type: accessType,
  status: z.enum(STATUSES),
  status_reason: reason,
  action,
  provider_code: providerCode,
  credential_version: z.int(),
  revocation: z.enum(['done', 'shared', 'unsupported', 'failed']).optional(),
};

const subscription = { account, access_type: accessType };

const ofImport = {
  import: z.string(),
  cause: z.enum(['poll', 'push', 'reauthorized', 'requested', 'access_changed']),
  window: z.object({ from: timeOut.nullable(), to: timeOut.nullable() }),
};

const receipt = {
  ...ofImport,
  found: z.int(),
  imported: z.int(),
  already_had: z.int(),
  skipped: z.int(),
  repaired: z.int(),
  missing: z.int(),
  set_aside: z.array(z.string()).optional().meta({ description: 'Folders that could not be listed' }),
};

/** What an event of the operator's own client says of it; such an event has no channel and no tenant. */
const client = { provider: accessType, reason };

/** The fields of each event's `data`; two shapes where the event is of a channel or of the operator's client. */
const SHAPES: Record<EmittedEventType, readonly [Shape, ...Shape[]]> = {
  'channel.connected': [{ account, access_type: accessType, status: z.enum(STATUSES) }],
  'channel.degraded': [channel],
  'channel.reauth_required': [channel],
  'channel.reauthorized': [channel],
  'channel.repaired': [channel],
  'channel.blocked': [channel],
  'channel.paused': [channel],
  'channel.resumed': [channel],
  'channel.disconnected': [channel],
  'credential.refreshed': [{ credential_version: z.int(), token_expires_at: timeOut }],
  'subscription.renewal_failed': [{ ...subscription, reason, provider_code: providerCode, retry_at: timeOut }],
  'subscription.restored': [{ ...subscription, expires_at: timeOut }],
  'gap.detected': [{ ...ofImport, gap_cause: z.enum(['reauthorized', 'cursor_expired']) }],
  'import.started': [ofImport],
  'import.progress': [{ ...ofImport, progress: z.object({ done: z.int(), estimate: z.int().nullable() }) }],
  'import.completed': [receipt],
  'import.stalled': [receipt],
  'message.received': [
    {
      count: z.int(),
      cursor: z.string().meta({ description: '`after` of `GET /v1/messages`: the first of them is next' }),
    },
  ],
  'incident.opened': [
    { ...client, action, provider_code: providerCode },
    { reason, action },
  ],
  'incident.closed': [channel, client],
};

const oneOf = ([first, ...others]: readonly [Shape, ...Shape[]], more: Shape = {}) => {
  const only = z.object({ ...more, ...first });
  return others.length === 0 ? only : z.union([only, ...others.map((shape) => z.object({ ...more, ...shape }))]);
};

/** `data` of an event of the timeline and of the stream. */
export const eventDataOut = (type: EmittedEventType) => oneOf(SHAPES[type]);

const whose = {
  channel: z.string().nullable(),
  tenant: z.string().nullable(),
  incident: z.string().nullable().meta({ description: 'The incident that the event belongs to' }),
};

/** `channel.reauth_required` is `ChannelReauthRequiredWebhook`. */
const nameOf = (type: EmittedEventType) =>
  `${type
    .split(/[._]/)
    .map((word) => word[0]?.toUpperCase() + word.slice(1))
    .join('')}Webhook`;

const webhookOut = (type: EmittedEventType) =>
  z
    .object({ type: z.literal(type), timestamp: timeOut, data: oneOf(SHAPES[type], whose) })
    .meta({ id: nameOf(type), description: 'Standard Webhooks; `webhook-id` is the id of the event' });

/** The bodies of webhooks, by the type of their event. */
export const WEBHOOKS = new Map(
  EVENT_TYPES.filter(isEmitted)
    .filter(isDelivered)
    .map((type) => [type, webhookOut(type)]),
);
