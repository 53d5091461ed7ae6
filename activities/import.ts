import type { Context } from '../runtime/context.ts';
import { lookAtImport, runSlice } from '../imports/slice.ts';
import type { ImportInput, SliceAnswer } from '../imports/slice.ts';

/** The activity of an import's workflow, bounded and idempotent: after a kill it runs again. */
export function createImportActivities(context: Context) {
  return {
    importSlice: (input: ImportInput): Promise<SliceAnswer> => runSlice(context, input),
  };
}

/** Its activity that touches only PostgreSQL: a worker without the channel's provider can do it. */
export function createImportRowActivities(context: Context) {
  return {
    lookAtImport: (input: ImportInput): Promise<SliceAnswer> => lookAtImport(context, input),
  };
}

export type ImportRowActivities = ReturnType<typeof createImportRowActivities>;
export type ImportActivities = ReturnType<typeof createImportActivities>;
