import { z } from 'zod';
import { pageQuery } from '../http/paging.ts';
import { idOf, tenantName, timeOut } from './parts.ts';

export const messagesQuery = z.strictObject({
  ...pageQuery,
  channel: idOf('chn').optional(),
  tenant: tenantName.optional(),
});

export const ackBody = z.strictObject({ ids: z.array(idOf('msg')).min(1).max(1_000) });
export const ackOut = z.object({ acknowledged: z.int().meta({ description: 'How many of them are new to us' }) });

const address = z.object({ email: z.string(), name: z.string().nullable() });

const messageOut = z
  .object({
    id: z.string(),
    channel: z.string(),
    provider_id: z.string(),
    message_id: z.string().nullable(),
    folder: z.string(),
    subject: z.string().nullable(),
    from: address.nullable(),
    to: z.array(address),
    date: timeOut.nullable(),
    size: z.int(),
    backfilled: z.boolean(),
    import: z.string().nullable(),
    stored_at: timeOut,
  })
  .meta({ id: 'Message' });

export const messagesOut = z.object({
  data: z.array(messageOut),
  next: z.string().nullable(),
  cursor: z.string().meta({ description: 'The place after this page: `after` of the next look, also at the end' }),
});
export type Message = z.infer<typeof messageOut>;
