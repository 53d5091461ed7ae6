import { z } from 'zod';

/** Our cursor of a folder, and a position of the walk to the first one: the sync state whole, whose length has no limit. */
export const folderCursor = z.object({ state: z.string().min(1) });

/** The start of a window's next page: messages that arrived up to `before`, without the first `offset` and those of `seen`. */
export const windowPosition = z.object({
  before: z.iso.datetime(),
  seen: z.array(z.string()),
  offset: z.number().int().min(0),
});
export type WindowPosition = z.infer<typeof windowPosition>;
