import { z } from 'zod';
import { PROVIDER_NAMES } from '../../domain/access-type.ts';
import { STATUSES } from '../../domain/channel.ts';
import { STATUS_REASONS } from '../../domain/verdict.ts';
import { channelOut } from './channels.ts';
import { importOut } from './imports.ts';
import { purpose, resultOut } from './links.ts';
import { accessType, timeOut } from './parts.ts';

/** The random part of a link's address. */
export const linkParams = z.strictObject({ link: z.string().min(1).max(200) });

export const authorizeBody = z.strictObject({ access_type: accessType, provider: z.enum(PROVIDER_NAMES).optional() });
export const authorizeOut = z.object({ authorization_url: z.string() });

export const passwordBody = z.strictObject({
  access_type: accessType,
  username: z.string().trim().min(1).max(320),
  password: z.string().min(1).max(2_000),
  host: z
    .string()
    .trim()
    .max(255)
    .regex(/^[^\s/@:\\]+$|^\[?[0-9a-f:.]+\]?$/i, 'expected a host name')
    .optional(),
  port: z.int().min(1).max(65_535).optional(),
  security: z.enum(['tls', 'starttls']).optional(),
  url: z.string().max(2_000).optional(),
});
export type PasswordBody = z.infer<typeof passwordBody>;
export const passwordOut = z.object({ channel: channelOut });

const account = z.object({ email: z.string(), login: z.string(), provider_id: z.string() });

export const connectSessionOut = z.object({
  purpose,
  access_types: z.array(accessType),
  tenant: z.string(),
  channel: z
    .object({
      account,
      access_type: accessType,
      status_reason: z.enum(STATUS_REASONS).nullable(),
      server: z.object({ host: z.string(), port: z.int(), security: z.enum(['tls', 'starttls']) }).nullable(),
    })
    .nullable(),
  expires_at: timeOut,
  done: z.boolean(),
  result: resultOut,
  return_to: z.string().nullable(),
});

export type ConnectSession = z.infer<typeof connectSessionOut>;

export const progressOut = z.object({
  import: importOut.nullable(),
  channel: z.object({ account, status: z.enum(STATUSES) }).nullable(),
});

export type ConnectProgress = z.infer<typeof progressOut>;

export const callbackParams = z.strictObject({ provider: z.enum(PROVIDER_NAMES) });
export const callbackQuery = z.looseObject({});
