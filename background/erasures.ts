import { eraseDisconnected, eraseTenant } from '../connections/erase.ts';
import { listErasingChannels, listErasingTenants } from '../db/across-tenants/erasures.ts';
import type { Context } from '../runtime/context.ts';
import { repeat } from '../runtime/repeat.ts';
import type { Repetition } from '../runtime/repeat.ts';

const EVERY_MS = 15_000;
const PER_PAGE = 100;
const NEVER = new AbortController().signal;

type ErasureContext = Pick<Context, 'database' | 'clock' | 'logger'>;

/**
 * Goes on with erasures that a call or an activity has begun and not ended. Runs in every worker process; of two that meet
 * one waits for the other's batch, and deletes the next.
 */
export function startErasures(context: ErasureContext): Repetition {
  return repeat(context, {
    everyMs: EVERY_MS,
    turn: (stopping) => turnErasures(context, stopping),
    trouble: 'Erasures could not be gone on with; it is tried again',
  });
}

/** One turn over all that is to be erased. What fails keeps nothing from the others. */
export async function turnErasures(context: ErasureContext, stopping: AbortSignal = NEVER): Promise<void> {
  const patience = { signal: stopping };
  const attempt = async (id: object, erase: () => Promise<boolean>): Promise<boolean> => {
    try {
      return await erase();
    } catch (error) {
      context.logger.warn({ err: error, ...id }, 'An erasure could not be gone on with; it is tried again');
      return false;
    }
  };
  for (;;) {
    const page = await listErasingChannels(context.database, PER_PAGE);
    let erased = 0;
    for (const channel of page) {
      if (await attempt(channel, () => eraseDisconnected(context, channel, patience))) erased += 1;
    }
    // A page of which none could be erased would come again at once.
    if (page.length < PER_PAGE || erased === 0 || stopping.aborted) break;
  }
  for (let after = ''; !stopping.aborted;) {
    const page = await listErasingTenants(context.database, after, PER_PAGE);
    for (const tenantId of page) await attempt({ tenantId }, () => eraseTenant(context, tenantId, patience));
    if (page.length < PER_PAGE) return;
    after = page.at(-1) ?? after;
  }
}
