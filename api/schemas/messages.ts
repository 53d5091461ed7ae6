import { z } from 'zod';
import { MEDIA_TYPES } from '../../domain/messages/media-type.ts';
import { pageQuery } from '../http/paging.ts';
import { idOf, tenantName, timeOut } from './parts.ts';

export const messagesQuery = z.strictObject({
  ...pageQuery,
  channel: idOf('chn').optional().describe('Only messages of this channel'),
  tenant: tenantName.optional().describe('Only messages of this tenant'),
  order: z
    .enum(['oldest', 'newest'])
    .default('oldest')
    .describe(
      '`oldest`: the feed, in which nothing is missed; `newest`: from its end back, for people who look at the latest. A cursor belongs to its order',
    ),
});

export const ackBody = z.strictObject({
  ids: z.array(idOf('msg')).min(1).max(1_000).describe('Messages that the product has stored'),
});
export const ackOut = z.object({
  acknowledged: z.int().describe('How many were not acknowledged before'),
});

const address = z.object({
  email: z.string().describe('The address'),
  name: z.string().nullable().describe('The name; null: none'),
});

const messageOut = z
  .object({
    id: z.string().describe('The message’s id'),
    channel: z.string().describe('The channel’s id'),
    provider_id: z.string().describe('The provider’s id of the message'),
    message_id: z.string().nullable().describe('The Message-ID header; null: none'),
    folder: z.string().describe('The folder in which the message was found first'),
    subject: z.string().nullable().describe('The Subject header, decoded; null: none'),
    from: address.nullable().describe('The first address of the From header; null: none'),
    to: z
      .array(address)
      .describe(
        'The addresses of To, Cc and Bcc, in this order: the first 500, or fewer where they are longer than 32,000 characters together. The content has them all',
      ),
    date: timeOut.nullable().describe('The Date header; null: none that can be read'),
    size: z.int().describe('Bytes of the whole message'),
    media_type: z.enum(MEDIA_TYPES).describe('What the content is: mail, or a record that is no mail'),
    revision: z.int().describe('Which state of a record that changes; mail has one'),
    backfilled: z.boolean().describe('Whether the message was missed during a gap'),
    import: z.string().nullable().describe('The import that stored the message; null: a poll'),
    stored_at: timeOut.describe('When the message was stored'),
  })
  .meta({ id: 'Message' });

export const messagesOut = z.object({
  data: z.array(messageOut).describe('The messages of this page'),
  next: z.string().nullable().describe('`after` of the next page; null: there is none yet'),
  cursor: z.string().describe('The place after this page, also at the end: `after` of the next read'),
});
export type Message = z.infer<typeof messageOut>;

export const attachmentParams = z.strictObject({
  id: idOf('msg'),
  number: z.coerce
    .number('expected the number of an attachment')
    .int()
    .min(1)
    .max(500)
    .describe('The attachment’s number'),
});

const attachmentOut = z
  .object({
    number: z.int().describe('Its place among the attachments, from 1'),
    name: z.string().nullable().describe('The name that its sender gave it; null: none'),
    media_type: z.string().describe('What its sender says it is'),
    size: z.int().describe('Bytes, decoded'),
  })
  .meta({ id: 'Attachment' });

export const messageViewOut = z
  .object({
    message: messageOut,
    readable: z
      .boolean()
      .describe('Whether the message can be read within bounds; its raw content is whole all the same'),
    text: z.string().nullable().describe('The plain text; null: the message has none'),
    html: z.string().nullable().describe('The HTML without all that acts or loads; null: the message has none'),
    remote_images: z.int().describe('Pictures elsewhere that the message names; none is loaded'),
    attachments: z.array(attachmentOut).describe('The attachments, pictures within the HTML included'),
    cut: z.boolean().describe('Whether text or HTML is shown in part, because it is very long'),
  })
  .meta({ id: 'MessageView' });
export type MessageView = z.infer<typeof messageViewOut>;
