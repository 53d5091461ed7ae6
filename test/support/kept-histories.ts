import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { keep } from './evidence.ts';

const LONG_AFTER_MS = Date.UTC(2200, 0);

interface Run {
  workflowId?: string | null;
  runId?: string | null;
}

/** Keeps every event of every run that this Temporal knows. */
export async function keepHistories(client: Client, { timeSkipping }: { timeSkipping: boolean }): Promise<void> {
  for await (const { workflowId, runId } of timeSkipping ? skippedRuns(client) : client.workflow.list()) {
    const history = await client.workflow.getHandle(workflowId ?? '', runId ?? '').fetchHistory();
    keep('history', leavesOf(history).join('\n'));
  }
}

/** The same of a Temporal that serves at an address. */
export async function keepHistoriesAt(address: string): Promise<void> {
  const connection = await Connection.connect({ address });
  await keepHistories(new Client({ connection }), { timeSkipping: false });
  await connection.close();
}

/** The time-skipping server has no other listing, and answers it whole. */
async function* skippedRuns({ connection, options }: Client): AsyncGenerator<Run> {
  const always = { earliestTime: msToTs(0), latestTime: msToTs(LONG_AFTER_MS) };
  const request = { namespace: options.namespace, maximumPageSize: 1_000_000, startTimeFilter: always };
  const { workflowService } = connection;
  const open = await workflowService.listOpenWorkflowExecutions(request);
  const closed = await workflowService.listClosedWorkflowExecutions(request);
  if (open.nextPageToken.length > 0 || closed.nextPageToken.length > 0) throw new Error('There are further pages');
  for (const { execution } of [...open.executions, ...closed.executions]) if (execution) yield execution;
}

/** Every string and payload; a payload is bytes. */
function leavesOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (value instanceof Uint8Array) return [Buffer.from(value).toString()];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leavesOf) : [];
}
