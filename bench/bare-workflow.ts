import { continueAsNew, proxyActivities, sleep } from '@temporalio/workflow';
import type { BareActivities } from './bare-worker.ts';

/** Cycles of one run: a few, as in a channel, and by then a new one costs next to nothing of each. */
const CYCLES_PER_RUN = 100;

const { nothing } = proxyActivities<BareActivities>({ startToCloseTimeout: '10s' });

/** The limit of cycles: a timer and an empty activity, again and again until the activity says that it is enough. */
export async function bareWorkflow(): Promise<void> {
  for (let cycle = 0; cycle < CYCLES_PER_RUN; cycle++) {
    await sleep(1);
    if (!(await nothing())) return;
  }
  await continueAsNew<typeof bareWorkflow>();
}
