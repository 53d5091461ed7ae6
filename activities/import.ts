import type { Context } from '../runtime/context.ts';
import { runSlice } from '../imports/slice.ts';
import type { ImportInput, SliceAnswer } from '../imports/slice.ts';

/** The activity of an import's workflow. It is bounded and idempotent: whatever is killed, it is simply run again. */
export function createImportActivities(context: Context) {
  return {
    importSlice: (input: ImportInput): Promise<SliceAnswer> => runSlice(context, input),
  };
}

export type ImportActivities = ReturnType<typeof createImportActivities>;
