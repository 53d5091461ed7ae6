import { channelWorkflowId, importWorkflowId } from '../../domain/workflow/names.ts';
import type { ApiContext } from '../api-context.ts';
import { inTime } from '../http/engine-health.ts';
import type { SupportBundle } from './bundle-schema.ts';

const MOST = 100;
/** Imports whose workflows are asked for. */
const MOST_IMPORTS = 20;

type Runs = SupportBundle['workflow_runs'];

/** The runs of a channel's workflow and of its last imports', newest first; null where Temporal does not answer. */
export async function listWorkflowRuns(context: ApiContext, channelId: string, importIds: string[]): Promise<Runs> {
  const ids = [channelWorkflowId(channelId), ...importIds.slice(0, MOST_IMPORTS).map(importWorkflowId)];
  return inTime(listRuns(context, ids)).catch(() => null);
}

async function listRuns({ temporal }: ApiContext, ids: string[]): Promise<Runs> {
  const query = `WorkflowId IN (${ids.map((id) => `"${id}"`).join(', ')})`;
  const runs: NonNullable<Runs> = [];
  for await (const run of temporal.client.workflow.list({ query })) {
    const { workflowId, runId, type, status, startTime, closeTime, historyLength } = run;
    runs.push({
      workflow: workflowId,
      run: runId,
      type,
      status: status.name,
      started_at: startTime.toISOString(),
      closed_at: closeTime?.toISOString() ?? null,
      history_length: historyLength,
    });
    if (runs.length === MOST) break;
  }
  return runs;
}

/** null where Temporal does not answer. */
export async function temporalVersion({ temporal }: ApiContext): Promise<string | null> {
  const asked = async () => temporal.client.connection.workflowService.getSystemInfo({});
  return inTime(asked()).then(
    ({ serverVersion }) => serverVersion,
    () => null,
  );
}
