import { z } from 'zod';
import { STATUSES } from '../../domain/channel.ts';
import { ACTIONS, STATUS_REASONS } from '../../domain/verdict.ts';
import { camelCased } from './camel-cased.ts';
import { email, idOf, tenantName, timeOut } from './parts.ts';

export const bannerTokenBody = camelCased(
  z.strictObject({
    tenant: tenantName,
    owner_email: email
      .optional()
      .describe(
        'Shows only what this person looks after: their individual channels, and the shared ones if the policy has them among the admins; left out: the whole tenant',
      ),
    channel: idOf('chn').optional().describe('Shows only this channel; left out: all'),
    ttl_s: z.int().min(60).max(86_400).default(3_600).describe('How long the token is good for, in seconds'),
  }),
);

export const bannerTokenOut = z.object({
  token: z.string().describe('For `<mooring-banner token="…">`; it reads the banner’s state and nothing else'),
  expires_at: timeOut.describe('When the token expires'),
});
export type BannerToken = z.infer<typeof bannerTokenOut>;

export const bannerStateOut = z
  .object({
    channels: z
      .array(
        z.object({
          id: z.string().describe('The channel’s id'),
          email: z.string().describe('The mailbox’s address'),
          status: z.enum(STATUSES).describe('Where the channel is in its life'),
          status_reason: z.enum(STATUS_REASONS).nullable().describe('Why; null where the provider does not say'),
          action: z.enum(ACTIONS).describe('What has to be done'),
          message: z.string().describe('Why, and who has to do what, in the language of `Accept-Language`'),
          reauthorize_url: z
            .string()
            .nullable()
            .describe('A link to sign in again; null where a sign-in does not help. The same one until it is used'),
        }),
      )
      .describe('The channels on which a person has to act, longest broken first; 50 at most'),
  })
  .meta({ id: 'BannerState' });
export type BannerState = z.infer<typeof bannerStateOut>;
