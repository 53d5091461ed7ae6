import { z } from 'zod';
import { pageQuery } from '../http/paging.ts';
import { time, timeOut } from './parts.ts';

export const importsQuery = z.strictObject({ ...pageQuery });

export const importBody = z
  .strictObject({ from: time.optional(), to: time.optional() })
  .refine(({ from, to }) => !from || !to || Date.parse(from) < Date.parse(to), {
    error: 'expected from before to',
    path: ['from'],
  });

export const importOut = z
  .object({
    id: z.string(),
    channel: z.string(),
    state: z.enum(['running', 'completed', 'stalled', 'cancelled']),
    cause: z.enum(['poll', 'push', 'reauthorized', 'requested', 'access_changed']),
    window: z.object({ from: timeOut.nullable(), to: timeOut.nullable() }),
    found: z.int(),
    imported: z.int(),
    already_had: z.int(),
    repaired: z.int(),
    missing: z.int(),
    compared: z.boolean(),
    replaying: z.boolean().meta({ description: 'Its quarantine is being tried once more' }),
    set_aside: z
      .array(z.object({ folder: z.string(), since: timeOut, retry_at: timeOut }))
      .meta({ description: 'Folders whose listing ends whoever tries it; they are tried again, hourly, then daily' }),
    skipped: z.array(z.object({ reason: z.string(), count: z.int() })),
    progress: z.object({ done: z.int(), estimate: z.int().nullable() }),
    started_at: timeOut,
    completed_at: timeOut.nullable(),
  })
  .meta({ id: 'Import', description: 'found = imported + already_had + skipped + missing, always' });
export type Import = z.infer<typeof importOut>;
