import {
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  patched,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { ImportActivities, ImportRowActivities } from '../activities/import.ts';
import type { SliceAnswer } from '../imports/slice.ts';
import type { ImportWorkflowInput } from '../domain/workflow/inputs.ts';
import { CHANNELS_QUEUE, channelWorkflowId, fairnessOf, importQueue } from '../domain/workflow/names.ts';
import { describeImport, describeWait } from './import-words.ts';
import { rowChanged } from './messages.ts';

const SLICES_PER_RUN = 12;
/** The pause after an activity that ended for good (reset in Temporal's tools), in ms. */
const AGAIN_MS = 60_000;
/**
 * Runs with this mark look at the row after a slice that no worker took: it is asked for only there, so that a run whose
 * slices end has no event of it.
 */
const LOOKS_AT_ROW = 'import-looks-at-row';

/**
 * One import, slice by slice, until its row is no longer running. It waits while the account cannot be reached, and
 * continues as the same import at the same cursor, which the row holds. It never fails; after any other end the
 * channel's workflow starts it again while the row says that the import runs.
 */
export async function importWorkflow(input: ImportWorkflowInput): Promise<void> {
  const { tenantId, channelId, importId } = input;
  let { accessType } = input;
  let changed = false;
  setHandler(rowChanged, () => {
    changed = true;
  });
  for (let slice = 1; ; slice++) {
    changed = false;
    const { importSlice, lookAtImport } = importActivities({ ...input, accessType });
    const asked = { tenantId, channelId, importId, accessType };
    let answer = await tried(importSlice(asked));
    // No worker may serve the access type that the channel has left.
    if (answer === null && patched(LOOKS_AT_ROW)) answer = await tried(lookAtImport(asked));
    // The channel has changed its access: the row decides.
    accessType = answer?.accessType ?? accessType;
    setCurrentDetails(answer ? describeImport(answer) : 'The last slice ended for good; it is tried again.');
    if (answer?.done) break;
    const waitMs = answer ? answer.waitMs : AGAIN_MS;
    if (waitMs > 0) await condition(() => changed, waitMs, { summary: describeWait(answer) });
    if (slice >= SLICES_PER_RUN || workflowInfo().continueAsNewSuggested) {
      await continueAsNew<typeof importWorkflow>({ ...input, accessType });
    }
  }
  await tellChannel(channelId);
}

function importActivities({ accessType, tenantId, server }: ImportWorkflowInput) {
  const common = {
    priority: fairnessOf(tenantId, server),
    retry: { initialInterval: '1s', maximumInterval: '1m', backoffCoefficient: 2 },
  } as const;
  const { importSlice } = proxyActivities<ImportActivities>({
    ...common,
    taskQueue: importQueue(accessType),
    summary: 'import the next messages',
    scheduleToStartTimeout: '2m',
    startToCloseTimeout: '5m',
    heartbeatTimeout: '15s',
  });
  const { lookAtImport } = proxyActivities<ImportRowActivities>({
    ...common,
    taskQueue: CHANNELS_QUEUE,
    summary: 'look at the row',
    startToCloseTimeout: '30s',
  });
  return { importSlice, lookAtImport };
}

/** null for an activity that ended without an answer; a cancellation is passed on. */
async function tried(slice: Promise<SliceAnswer>): Promise<SliceAnswer | null> {
  try {
    return await slice;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return null;
  }
}

/** Signals the channel to poll again; a channel without a workflow needs no signal. */
async function tellChannel(channelId: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(channelWorkflowId(channelId)).signal(rowChanged);
  } catch (error) {
    if (isCancellation(error)) throw error;
  }
}
