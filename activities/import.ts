import type { Context } from '../context.ts';
import { runSlice } from './import-slice.ts';
import type { ImportInput, SliceAnswer } from './import-slice.ts';

export { pollChannel } from './poll.ts';

/** The activity of an import's workflow. It is bounded and idempotent: whatever is killed, it is simply run again. */
export function createImportActivities(context: Context) {
  return {
    importSlice: (input: ImportInput): Promise<SliceAnswer> => runSlice(context, input),
  };
}

export type ImportActivities = ReturnType<typeof createImportActivities>;
