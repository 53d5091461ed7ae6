import { z } from 'zod';
import { NOTICE_KINDS } from '../../domain/notices/notice.ts';
import { pageQuery } from '../http/paging.ts';
import { email, tenantName, time, timeOut } from './parts.ts';

const SHOWN_STATES = ['sent', 'held', 'failed', 'suppressed'] as const;

export const noticesQuery = z.strictObject({
  ...pageQuery,
  tenant: tenantName.optional().describe('Only notices of this tenant'),
  channel: z.string().max(40).optional().describe('Only notices about this channel'),
  incident: z.string().max(40).optional().describe('Only notices of this incident'),
  kind: z.enum(NOTICE_KINDS).optional().describe('Only notices of this kind'),
  state: z.enum(SHOWN_STATES).optional().describe('Only notices in this state'),
});

export const noticeOut = z
  .object({
    id: z.string().describe('The notice’s id'),
    kind: z
      .enum(NOTICE_KINDS)
      .describe('What it says; `digest`: its mail is about several channels, each with a notice of its own'),
    tenant: z.string().describe('The tenant'),
    channel: z.string().nullable().describe('The channel’s id; null: a new link to connect an account'),
    incident: z.string().nullable().describe('The incident that it tells of; null: of none'),
    to: z.string().nullable().describe('The address; null: the policy names a person, and there is none'),
    why: z
      .enum(['owner', 'admin', 'owner_silent', 'owner_left', 'owner_unsubscribed', 'asked'])
      .describe(
        'Why this person is told: `owner_silent`, `owner_left`, `owner_unsubscribed`: an admin, because the owner does nothing, cannot be reached, or wants no mail; `asked`: the person asked for a new link',
      ),
    state: z
      .enum(SHOWN_STATES)
      .describe(
        '`held`: waits for its time; `sent`: the mail server has taken it; `failed`: it has not; `suppressed`: not sent, for the reason in `error`',
      ),
    error: z
      .string()
      .nullable()
      .describe(
        'A code: why it is suppressed or has failed, or what the last attempt of a held one met; null: nothing',
      ),
    due_at: timeOut.nullable().describe('When a held one is sent at the earliest; null: it is not held'),
    held_by: z.string().nullable().describe('The incident for which the operator looks at it first; null: none'),
    at: timeOut.describe('When it took its state; for `sent`: when the mail server took it'),
  })
  .meta({ id: 'Notice' });
export type NoticeOut = z.infer<typeof noticeOut>;

export const requestNoticesBody = z.strictObject({
  channels: z.array(z.string().max(40)).min(1).max(200).describe('Channels whose people are told now'),
  kind: z.literal('reauth_required').describe('What they are told: that the channel needs them'),
});

export const requestedNoticesOut = z
  .object({
    sent: z.int().describe('Notices that go out now'),
    held: z.int().describe('Notices that wait for the end of quiet hours, or to share a mail'),
    skipped: z
      .array(
        z.object({
          channel: z.string().describe('The channel’s id'),
          why: z
            .enum([
              'not_found',
              'not_needed',
              'operators_trouble',
              'policy',
              'no_recipient',
              'unsubscribed',
              'address_refused',
            ])
            .describe(
              '`not_needed`: no person has to act; `operators_trouble`: the operator has to; `policy`: the tenant wants no notices',
            ),
        }),
      )
      .describe('Channels of which no person is told'),
  })
  .meta({ id: 'RequestedNotices' });
export type RequestedNotices = z.infer<typeof requestedNoticesOut>;

export const bounceBody = z.strictObject({
  to: email.describe('The address that takes no mail, for good'),
  at: time.optional().describe('When the mail service learned it; left out: now'),
  reason: z.string().min(1).max(500).describe('The mail service’s words'),
});

export const unsubscribeParams = z.strictObject({
  token: z
    .string()
    .regex(/^[\w-]{20,100}$/)
    .describe('From the mail'),
});
export const unsubscribedOut = z
  .object({ unsubscribed: z.boolean().describe('The person gets no more mail about the mail’s channels') })
  .meta({ id: 'Unsubscribed' });
