import { z } from 'zod';
import { pageQuery } from '../http/paging.ts';
import { setAsideOut, time, timeOut } from './parts.ts';

export const importsQuery = z.strictObject({ ...pageQuery });

export const importBody = z
  .strictObject({
    from: time.optional().describe('Left out: from _covered until_ on'),
    to: time.optional().describe('Left out: up to now'),
  })
  .refine(({ from, to }) => !from || !to || Date.parse(from) < Date.parse(to), {
    error: 'expected from before to',
    path: ['from'],
  });

export const importOut = z
  .object({
    id: z.string().describe('The import’s id'),
    channel: z.string().describe('The channel’s id'),
    state: z
      .enum(['running', 'completed', 'stalled', 'cancelled'])
      .describe('`completed`: nothing is missing; `stalled`: something is, and a later import retries it'),
    cause: z.enum(['poll', 'push', 'reauthorized', 'requested', 'access_changed']).describe('What started the import'),
    window: z
      .object({
        from: timeOut.nullable().describe('null: not determined yet'),
        to: timeOut.nullable().describe('null: up to now'),
      })
      .describe('The span of time that the import covers'),
    found: z.int().describe('Messages that the provider listed'),
    imported: z.int().describe('Messages that this import stored'),
    already_had: z.int().describe('Messages that were stored before'),
    repaired: z.int().describe('Those of `imported` that only the comparison found'),
    missing: z.int().describe('Listed messages without an outcome; while it runs, what is still to do'),
    compared: z.boolean().describe('Whether the provider’s list was compared with what is stored'),
    replaying: z.boolean().describe('Whether its quarantine is being retried'),
    set_aside: z
      .array(setAsideOut)
      .describe('Folders that cannot be read; retried soon, then hourly for a day, then daily'),
    skipped: z
      .array(z.object({ reason: z.string().describe('Why'), count: z.int().describe('How many messages') }))
      .describe('Messages that were not stored, by reason'),
    progress: z
      .object({
        done: z.int().describe('Messages with an outcome'),
        estimate: z.int().nullable().describe('The expected total; null: unknown'),
      })
      .describe('How far the import is'),
    started_at: timeOut.describe('When it started'),
    completed_at: timeOut.nullable().describe('When it ended; null: it runs'),
  })
  .meta({ id: 'Import', description: 'found = imported + already_had + skipped + missing, always' });
export type Import = z.infer<typeof importOut>;
