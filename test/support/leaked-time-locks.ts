import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { IMPORT_WORKFLOW } from '../../domain/workflow/names.ts';

const EVERY_MS = 200;

interface Run {
  workflowId: string;
  runId: string;
}

/**
 * Releases the locks on time that Temporal's test server leaks (`TestWorkflowMutableStateImpl` of 1.38.0): the end of a
 * child locks time until its parent's run takes note of it, and a run that has continued as new meanwhile never does. An
 * import outlives the run that starts it, so without this no time passes any more after such an import.
 */
export function releaseLeakedTimeLocks(server: TestWorkflowEnvironment): { stop(): Promise<void> } {
  const { workflowService, testService } = server.connection;
  const settled = new Set<string>();
  const stopping = new AbortController();
  const running = loop();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      for (const run of await endedImports()) await settle(run);
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  }

  async function endedImports(): Promise<Run[]> {
    const namespace = server.client.options.namespace;
    const { executions } = await workflowService.listClosedWorkflowExecutions({ namespace });
    return executions.flatMap(({ type, execution }) =>
      type?.name === IMPORT_WORKFLOW && execution?.workflowId && execution.runId && !settled.has(execution.runId)
        ? [{ workflowId: execution.workflowId, runId: execution.runId }]
        : [],
    );
  }

  async function settle({ workflowId, runId }: Run): Promise<void> {
    const events = await historyOf(workflowId, runId);
    const { parentWorkflowExecution: parent } = events[0]?.workflowExecutionStartedEventAttributes ?? {};
    const notifies = events.at(-1)?.workflowExecutionCompletedEventAttributes && parent?.workflowId && parent.runId;
    if (notifies) {
      const above = await historyOf(parent.workflowId!, parent.runId!);
      const noted = above.some(
        (event) => event.childWorkflowExecutionCompletedEventAttributes?.workflowExecution?.runId === runId,
      );
      if (!noted && !above.at(-1)?.workflowExecutionContinuedAsNewEventAttributes) return;
      if (!noted) await testService?.unlockTimeSkipping({});
    }
    settled.add(runId);
  }

  async function historyOf(workflowId: string, runId: string) {
    return (await server.client.workflow.getHandle(workflowId, runId).fetchHistory()).events ?? [];
  }
}
