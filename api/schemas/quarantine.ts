import { z } from 'zod';
import { pageQuery } from '../http/paging.ts';
import { timeOut } from './parts.ts';

/** Long enough for a folder's name and a provider's id. */
const quarantineId = z.string().min(1).max(4_000);

export const quarantineQuery = z.strictObject({
  ...pageQuery,
  after: quarantineId.optional().describe('`next` of the page before'),
});

export const replayBody = z.strictObject({
  ids: z
    .array(quarantineId)
    .min(1)
    .max(500)
    .optional()
    .describe('Quarantined messages of this import; left out: all of them'),
});

export const quarantinedOut = z
  .object({
    id: z.string().describe('Names the message in a replay; opaque'),
    import: z.string().describe('The import’s id'),
    provider_id: z.string().describe('The provider’s id of the message'),
    folder: z.string().nullable().describe('The folder’s name; null: the provider lists the mailbox as a whole'),
    reason: z
      .enum(['unfetchable', 'unparseable'])
      .describe('`unfetchable`: the provider does not return it; `unparseable`: it breaks Mooring’s reader'),
    error: z.string().nullable().describe('The code of the last failure; `worker_lost`: the worker died'),
    tries: z.int().describe('How often it was tried'),
    since: timeOut.describe('When it was last tried'),
    replaying: z.boolean().describe('Whether it is being retried'),
  })
  .meta({ id: 'QuarantinedMessage' });
export type QuarantinedMessage = z.infer<typeof quarantinedOut>;
