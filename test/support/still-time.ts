import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Temporal } from '../../runtime/temporal.ts';

/** Timers that fired just before time stood still have their workflow tasks after this, in ms. */
const SETTLED_AFTER_MS = 20;
/** A call has reached the server after this, and its workflow task keeps time standing, in ms. */
const ARRIVED_AFTER_MS = 50;

/**
 * Signals and commands that come while time stands still. Temporal's test server (1.38.0) answers a workflow task that
 * cancels a timer with an error for ever after where the timer fired meanwhile, which a signal during skipped time can
 * cause; a real server drops the timer's event.
 */
export function inStillTime({ connection }: TestWorkflowEnvironment, temporal: Temporal): Temporal {
  async function stillDuring<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    await connection.testService?.lockTimeSkipping({});
    await sleep(SETTLED_AFTER_MS);
    const answer = call();
    await Promise.race([answer, sleep(ARRIVED_AFTER_MS)]).catch(() => {}); // told by the answer below
    await connection.testService?.unlockTimeSkipping({});
    return answer;
  }
  return {
    ...temporal,
    lookAt: (channel) => stillDuring(() => signalled(() => temporal.lookAt(channel))),
    command: (...asked) => stillDuring(() => temporal.command(...asked)),
    send: (...asked) => stillDuring(() => temporal.send(...asked)),
    wakeRecipient: (recipient) => stillDuring(() => signalled(() => temporal.wakeRecipient(recipient))),
  };
}

/** The test server starts and signals in two steps: a run that begins between them is an error. A real server signals it. */
async function signalled(call: () => Promise<void>): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    await call();
  }
}
