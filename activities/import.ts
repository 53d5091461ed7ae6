import type { Context } from '../runtime/context.ts';
import { runSlice } from '../imports/slice.ts';
import type { ImportInput, SliceAnswer } from '../imports/slice.ts';

/** The activity of an import's workflow, bounded and idempotent: after a kill it runs again. */
export function createImportActivities(context: Context) {
  return {
    importSlice: (input: ImportInput): Promise<SliceAnswer> => runSlice(context, input),
  };
}

export type ImportActivities = ReturnType<typeof createImportActivities>;
