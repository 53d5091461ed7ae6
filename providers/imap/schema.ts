import { z } from 'zod';

/**
 * Our cursor of a folder: everything up to `uid` is done, in the numbering that `uidvalidity` names. Also the position
 * within a window listing. UIDVALIDITY is text: some servers send more than 32 bits.
 */
export const folderPosition = z.object({
  uidvalidity: z.string().regex(/^\d+$/),
  uid: z.number().int().min(0).max(4_294_967_295),
});
export type FolderPosition = z.infer<typeof folderPosition>;
