import { setTimeout as sleep } from 'node:timers/promises';
import type { RefreshOutcome } from '../../credentials/refresh-answer.ts';
import { refreshCredential } from '../../credentials/refresh.ts';
import type { RefreshInput } from '../../credentials/refresh.ts';
import type { Context } from '../../runtime/context.ts';

/** As a workflow does: on a machine too busy to connect or to send at once, a refresh gives way and comes back. */
export async function refreshUntilDone(context: Context, input: RefreshInput): Promise<RefreshOutcome> {
  for (let tries = 0; ; tries++) {
    const outcome = await refreshCredential(context, input);
    if ((outcome !== 'busy' && outcome !== 'refused') || tries === 50) return outcome;
    await sleep(200);
  }
}
