import { z } from 'zod';
import { REQUEST_KINDS } from './request-log.ts';

const MAX_MESSAGES_PER_CALL = 50_000;
const MAX_MESSAGE_BYTES = 50 * 1024 * 1024;

export const Email = z.string().regex(/^[^\s@]+@[^\s@]+$/, 'expected an email address');
const Seconds = z.number().int().min(0);
const Instant = z.coerce.date();
const Kind = z.enum(REQUEST_KINDS as [string, ...string[]]).transform((kind) => kind as (typeof REQUEST_KINDS)[number]);

/** The bodies of the control API; unknown fields are refused by name. */
export const AccountBody = z.strictObject({
  password: z.string().min(1).optional(),
  name: z.string().min(1).optional(),
  tenant: z.string().min(1).optional(),
  delegates: z.array(Email).optional(),
  upn: z.string().min(1).optional(),
  edov: z.boolean().optional(),
  guest_of: z.array(z.string().min(1)).optional(),
  personal: z.boolean().optional(),
  shows_all_mail: z.boolean().optional(),
  org: z.string().min(1).optional(),
  instance: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/, 'expected a name such as na1')
    .optional(),
});

export const MessagesBody = z.strictObject({
  count: z.number().int().min(1).max(MAX_MESSAGES_PER_CALL).default(1),
  folder: z.string().min(1).optional(),
  size: z.number().int().min(1).max(MAX_MESSAGE_BYTES).optional(),
  subject: z.string().optional(),
  date: Instant.optional(),
  malformed: z.boolean().optional(),
  unannounced: z.boolean().optional(),
  raw: z.base64().optional(),
  object: z.enum(['Task']).optional(),
  copy_from: z.string().optional(),
  reencode: z.boolean().optional(),
});

export const ConsentBody = z.strictObject({
  authorization_url: z.url(),
  email: Email,
  decision: z.enum(['allow', 'deny', 'needs_admin']).default('allow'),
  scopes: z.array(z.string()).optional(),
});

export const AdminConsentBody = z.strictObject({
  url: z.url(),
  decision: z.enum(['allow', 'deny']).default('allow'),
  email: Email.optional(),
});

export const MoveBody = z.strictObject({ folder: z.string().min(1) });

export const FaultBody = z.strictObject({
  provider: z.string(),
  fault: z.string(),
  email: Email.optional(),
  message: z.string().min(1).optional(),
  times: z.number().int().min(1).optional(),
  kind: Kind.optional(),
  scope: z.string().min(1).optional(),
  retry_after_s: Seconds.optional(),
  http_status: z.number().int().min(400).max(599).optional(),
  ms: z.number().int().min(0).optional(),
  after: z.enum(['request', 'processing']).optional(),
});

export const SecurityEventBody = z.strictObject({
  event: z.string().min(1),
  token: z.enum(['prefix', 'hash']).optional(),
});

export const SettingsBody = z.strictObject({
  token_life_s: z.number().int().min(1).optional(),
  refresh_rotation: z.enum(['none', 'tolerant', 'grace', 'strict']).optional(),
  grace_s: Seconds.optional(),
  refresh_token_life_s: z.number().int().min(1).nullable().optional(),
  push_endpoint: z.url().nullable().optional(),
  push_audience: z.string().nullable().optional(),
});

export const OffsetBody = z.strictObject({ offset_s: z.number() });

export const RequestsQuery = z.strictObject({
  provider: z.string().optional(),
  email: z.string().optional(),
  kind: Kind.optional(),
  since: Instant.optional(),
  limit: z.coerce.number().int().min(1).optional(),
});
