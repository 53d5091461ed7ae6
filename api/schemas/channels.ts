import { z } from 'zod';
import { KEEP_WARM, USES } from '../../domain/access-type.ts';
import { STATUSES } from '../../domain/channel.ts';
import { ACTIONS, STATUS_REASONS } from '../../domain/verdict.ts';
import { pageQuery } from '../http/paging.ts';
import { accessType, channelKind, email, importMode, person, personOut, tenantName, time, timeOut } from './parts.ts';

export const listQuery = z.strictObject({
  ...pageQuery,
  tenant: tenantName.optional(),
  status: z.enum(STATUSES).optional(),
  access_type: accessType.optional(),
});

export const patchBody = z.strictObject({
  owner: person.nullish(),
  kind: channelKind.optional(),
  import: importMode.optional(),
  keep_warm: z.enum(KEEP_WARM).optional(),
  metadata: z
    .record(z.string().max(100), z.json())
    .refine((given) => JSON.stringify(given).length <= 16_000, 'expected at most 16,000 characters of JSON')
    .optional(),
});

export const deleteQuery = z.strictObject({
  erase: z.enum(['true', 'false']).default('false').meta({ description: 'Its messages go too' }),
});

export const tokenQuery = z.strictObject({
  min_life_s: z.coerce.number('expected seconds').int().min(0).max(86_400).optional(),
});

export const reportBody = z.strictObject({
  http_status: z.int().min(100).max(599),
  body: z.string().max(20_000).optional(),
});

const mailServer = {
  host: z.string().min(1).max(255),
  port: z.int().min(1).max(65_535),
  security: z.enum(['tls', 'starttls']),
};

export const adoptBody = z.strictObject({
  tenant: tenantName,
  access_type: accessType,
  account: z.strictObject({ email }),
  credential: z.union([
    z.strictObject({ refresh_token: z.string().min(1).max(10_000) }),
    z.strictObject({ username: z.string().min(1).max(320), password: z.string().min(1).max(2_000), ...mailServer }),
  ]),
  owner: person.optional(),
  kind: channelKind.default('individual'),
  covered_until: time.optional(),
});
export type AdoptBody = z.infer<typeof adoptBody>;

const verificationOut = z.object({ ok: z.boolean(), proved: z.string().nullable(), at: timeOut });
export type Verification = z.infer<typeof verificationOut>;

export const channelOut = z
  .object({
    id: z.string(),
    tenant: z.string(),
    kind: channelKind,
    access_type: accessType,
    uses: z.array(z.enum(USES)),
    account: z.object({ email: z.string(), login: z.string(), provider_id: z.string() }),
    owner: personOut.nullable(),
    status: z.enum(STATUSES),
    status_reason: z.enum(STATUS_REASONS).nullable(),
    status_since: timeOut,
    action: z.enum(ACTIONS),
    provider_code: z.string().nullable(),
    credential_version: z.int(),
    token_expires_at: timeOut.nullable(),
    next_refresh_at: timeOut.nullable(),
    last_verified_at: timeOut.nullable(),
    covered_until: timeOut.nullable(),
    import_state: z.enum(['idle', 'catching_up', 'stalled']),
    import: importMode,
    keep_warm: z.enum(KEEP_WARM),
    incident: z.string().nullable(),
    workflow: z.object({ id: z.string(), url: z.string().nullable() }),
    created_at: timeOut,
    metadata: z.record(z.string(), z.unknown()),
    revocation: z.enum(['done', 'shared', 'unsupported', 'failed']).nullable(),
    revocation_help: z.string().nullable(),
    verification: verificationOut.optional(),
  })
  .meta({ id: 'Channel' });

export const tokenOut = z
  .object({
    access_token: z.string(),
    token_type: z.string(),
    expires_at: timeOut,
    version: z.int(),
    scopes: z.array(z.string()),
  })
  .meta({ id: 'AccessToken' });

export const reportOut = z.object({ checked_at: timeOut.nullable() });

export type Channel = z.infer<typeof channelOut>;
