import { z } from 'zod';
import { EVENT_TYPES, isDelivered } from '../../../domain/event.ts';
import type { EventType } from '../../../domain/event.ts';
import { INCIDENT_SCOPES } from '../../../domain/incidents/incident.ts';
import { STATUSES } from '../../../domain/channel.ts';
import { ACTIONS, STATUS_REASONS } from '../../../domain/verdict.ts';
import { accessType, timeOut } from '../parts.ts';

type Shape = z.core.$ZodLooseShape;

const account = z.object({ email: z.string().describe('The mailbox’s address') }).describe('The account');
const reason = z.enum(STATUS_REASONS).nullable().describe('Why; null: no reason');
const action = z.enum(ACTIONS).describe('What must be done; `none`: nothing');
const providerCode = z.string().nullable().describe('The provider’s own code; null: none');
const status = z.enum(STATUSES).describe('The channel’s status');

const channel = {
  account,
  access_type: accessType,
  status,
  status_reason: reason,
  action,
  provider_code: providerCode,
  credential_version: z.int().describe('The live credential’s version'),
  revocation: z
    .enum(['done', 'shared', 'unsupported', 'failed'])
    .optional()
    .describe('What became of the grant at a disconnect'),
  part_of: z
    .string()
    .optional()
    .describe('The incident of the provider or mail server that the channel’s trouble is, or was, part of'),
};

const subscription = { account, access_type: accessType };

const ofImport = {
  import: z.string().describe('The import’s id'),
  cause: z.enum(['poll', 'push', 'reauthorized', 'requested', 'access_changed']).describe('What started the import'),
  window: z
    .object({
      from: timeOut.nullable().describe('null: not determined yet'),
      to: timeOut.nullable().describe('null: up to now'),
    })
    .describe('The span of time that the import covers'),
};

const receipt = {
  ...ofImport,
  found: z.int().describe('Messages that the provider listed'),
  imported: z.int().describe('Messages that this import stored'),
  already_had: z.int().describe('Messages that were stored before'),
  skipped: z.int().describe('Messages that were not stored, for a reason'),
  repaired: z.int().describe('Those of `imported` that only the comparison found'),
  missing: z.int().describe('Listed messages without an outcome'),
  set_aside: z.array(z.string()).optional().describe('Folders that could not be listed'),
};

/** The data of an event of many channels, which has no channel and no tenant. */
const wider = {
  provider: accessType,
  scope: z
    .enum(INCIDENT_SCOPES)
    .optional()
    .describe('`client`: our own client; `provider`: the provider or one mail server. Older events have none'),
  server: z.string().optional().describe('The one mail server it is about'),
  reason,
};

/** The fields of each event's `data`; two shapes where the event is of a channel or of many. */
const SHAPES: Record<EventType, readonly [Shape, ...Shape[]]> = {
  'channel.connected': [{ account, access_type: accessType, status }],
  'channel.degraded': [channel],
  'channel.reauth_required': [channel],
  'channel.reauth_reminder': [
    {
      ...channel,
      number: z.int().describe('1 for the first reminder of the incident'),
      admins_join: z.boolean().describe('The admins are reminded as well as the owner'),
      admins_alone: z.boolean().describe('The day is none of the owner’s: the admins join, and they alone are told'),
    },
  ],
  'channel.reauthorized': [channel],
  'channel.repaired': [channel],
  'channel.expiring': [
    {
      ...channel,
      expires_at: timeOut.describe('When the provider ends the grant'),
      expires_by: z
        .enum(['refresh_token_expired', 'token_idle_expired'])
        .describe('Why: by the end that the provider told, or because the grant lies unused and cannot be refreshed'),
    },
  ],
  'channel.blocked': [channel],
  'channel.access_changed': [
    {
      ...channel,
      from: accessType.describe('The access type before'),
      to: accessType.describe(
        'The access type from now on; the same where the server or the way to sign in has changed',
      ),
      reversal: z.boolean().describe('Whether the channel went back to the access that it had before a change'),
    },
  ],
  'channel.paused': [channel],
  'channel.resumed': [channel],
  'channel.disconnected': [channel],
  'credential.refreshed': [
    {
      credential_version: z.int().describe('The new credential’s version'),
      token_expires_at: timeOut.describe('When the new access token expires'),
    },
  ],
  'subscription.renewal_failed': [
    { ...subscription, reason, provider_code: providerCode, retry_at: timeOut.describe('When it is retried') },
  ],
  'subscription.restored': [
    { ...subscription, expires_at: timeOut.describe('When the subscription ends unless renewed') },
  ],
  'gap.detected': [
    { ...ofImport, gap_cause: z.enum(['reauthorized', 'cursor_expired']).describe('What the gap comes from') },
  ],
  'import.started': [ofImport],
  'import.progress': [
    {
      ...ofImport,
      progress: z
        .object({
          done: z.int().describe('Messages with an outcome'),
          estimate: z.int().nullable().describe('The expected total; null: unknown'),
        })
        .describe('How far the import is'),
    },
  ],
  'import.completed': [receipt],
  'import.stalled': [receipt],
  'message.received': [
    {
      count: z.int().describe('How many messages'),
      cursor: z.string().describe('`after` of `GET /v1/messages` to read them'),
    },
  ],
  'incident.opened': [
    {
      ...wider,
      action,
      provider_code: providerCode,
      channels: z.int().optional().describe('How many channels failed when it opened'),
    },
    { reason, action },
  ],
  'incident.closed': [channel, wider],
};

const oneOf = ([first, ...others]: readonly [Shape, ...Shape[]], more: Shape = {}) => {
  const only = z.object({ ...more, ...first });
  return others.length === 0 ? only : z.union([only, ...others.map((shape) => z.object({ ...more, ...shape }))]);
};

/** `data` of an event of the timeline and of the stream. */
export const eventDataOut = (type: EventType) => oneOf(SHAPES[type]);

const whose = {
  channel: z.string().nullable().describe('The channel’s id; null: an incident of many channels'),
  tenant: z.string().nullable().describe('The tenant; null: an incident of many channels'),
  incident: z.string().nullable().describe('The incident that the event belongs to; null: none'),
  test: z.literal(true).optional().describe('Only in a test event, whose channel does not exist'),
};

/** `channel.reauth_required` is `ChannelReauthRequired`. */
export const webhookName = (type: EventType) =>
  type
    .split(/[._]/)
    .map((word) => word[0]?.toUpperCase() + word.slice(1))
    .join('');

const webhookOut = (type: EventType) =>
  z
    .object({
      type: z.literal(type).describe('What happened'),
      timestamp: timeOut.describe('When it happened'),
      data: oneOf(SHAPES[type], whose).describe('The details'),
    })
    .meta({ id: `${webhookName(type)}Webhook`, description: 'Standard Webhooks; `webhook-id` is the id of the event' });

/** The bodies of webhooks, by the type of their event. */
export const WEBHOOKS = new Map(EVENT_TYPES.filter(isDelivered).map((type) => [type, webhookOut(type)]));
