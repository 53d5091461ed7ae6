import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ServiceError,
  WithStartWorkflowOperation,
  WorkflowUpdateFailedError,
  isGrpcServiceError,
} from '@temporalio/client';
import type { Client, WorkflowStartOptions } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { BACKOFF, gapMs } from '../domain/backoff.ts';
import { RUN_ENDS } from '../domain/workflow/inputs.ts';
import type { Command, CommandAnswer } from '../domain/workflow/inputs.ts';
import { CHANNEL_WORKFLOW } from '../domain/workflow/names.ts';

/** So many tries take a minute: longer than a run needs to answer what waits and to end. */
const MOST_TRIES = 60;
/** A status of gRPC. */
const RESOURCE_EXHAUSTED = 8;

/**
 * Sends a command to a channel's workflow, starting it if there is none, and waits for the answer. A run that is about to
 * end rejects the command, and Temporal limits how many may wait at once; it is then sent again.
 */
export async function sendCommand(
  client: Client,
  command: Command,
  options: Omit<WorkflowStartOptions, 'workflowIdConflictPolicy'>,
): Promise<CommandAnswer> {
  for (let tries = 1; ; tries++) {
    try {
      return await sendOnce(client, command, options);
    } catch (error) {
      if (tries >= MOST_TRIES || !isForLater(error)) throw error;
      await sleep(gapMs(BACKOFF.command, tries, { spreadBy: randomUUID() }));
    }
  }
}

function sendOnce(
  client: Client,
  command: Command,
  options: Omit<WorkflowStartOptions, 'workflowIdConflictPolicy'>,
): Promise<CommandAnswer> {
  const startWorkflowOperation = new WithStartWorkflowOperation(CHANNEL_WORKFLOW, {
    ...options,
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  return client.workflow.executeUpdateWithStart<never, CommandAnswer, []>(command, { startWorkflowOperation } as never);
}

function isForLater(error: unknown): boolean {
  if (error instanceof WorkflowUpdateFailedError) {
    return error.cause instanceof ApplicationFailure && error.cause.type === RUN_ENDS;
  }
  const grpc = error instanceof ServiceError ? error.cause : error;
  if (!isGrpcServiceError(grpc)) return false;
  const code: number = grpc.code;
  return code === RESOURCE_EXHAUSTED;
}
