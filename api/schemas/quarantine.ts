import { z } from 'zod';
import { pageQuery } from '../http/paging.ts';
import { timeOut } from './parts.ts';

/** Long enough for a folder's name and a provider's id. */
const quarantineId = z.string().min(1).max(4_000);

export const quarantineQuery = z.strictObject({
  ...pageQuery,
  after: quarantineId.optional().meta({ description: '`next` of the page before' }),
});

export const replayBody = z.strictObject({
  ids: z.array(quarantineId).min(1).max(500).optional().meta({ description: 'All of the import’s where absent' }),
});

export const quarantinedOut = z
  .object({
    id: z.string(),
    import: z.string(),
    provider_id: z.string(),
    folder: z.string().nullable().meta({ description: 'null where the provider has no folders to tell apart' }),
    reason: z
      .enum(['unfetchable', 'unparseable'])
      .meta({ description: 'The provider does not give it, or it breaks whoever reads it here' }),
    error: z
      .string()
      .nullable()
      .meta({ description: 'Code of the last failure; `worker_lost`: the process died of it' }),
    tries: z.int(),
    since: timeOut,
    replaying: z.boolean(),
  })
  .meta({ id: 'QuarantinedMessage' });
export type QuarantinedMessage = z.infer<typeof quarantinedOut>;
