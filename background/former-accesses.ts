import { endFormerAccess } from '../connections/change/end-former-access.ts';
import { eraseTenant, someTime } from '../connections/erase.ts';
import { takeEndingAccesses } from '../db/across-tenants/former-accesses.ts';
import type { EndingAccess } from '../db/across-tenants/former-accesses.ts';
import type { Context } from '../runtime/context.ts';
import { repeat } from '../runtime/repeat.ts';
import type { Repetition } from '../runtime/repeat.ts';

const EVERY_MS = 15_000;
const PER_PAGE = 20;
/** Longer than the calls of a page take; a page whose worker dies is taken again after it. */
const HELD_MS = 15 * 60_000;

/** Ends the accesses that channels had before a change, once no way leads back to them. Runs in every worker process. */
export function startFormerAccesses(context: Context): Repetition {
  return repeat(context, {
    everyMs: EVERY_MS,
    turn: (stopping) => endFormerAccesses(context, stopping),
    trouble: 'The sweep for former accesses failed and is repeated',
  });
}

/** One look, page after page while there is more; exported for tests, which do not wait for the loop. */
export async function endFormerAccesses(context: Context, stopping?: AbortSignal): Promise<void> {
  const accessTypes = [...context.providers.keys()];
  for (;;) {
    const now = await context.clock.now();
    const turn = { now, until: new Date(now.getTime() + HELD_MS), limit: PER_PAGE };
    const page = await takeEndingAccesses(context.database, { ...turn, accessTypes });
    await Promise.all(
      page.map((former) =>
        end(context, former).catch((error: unknown) =>
          context.logger.warn(
            { err: error, channelId: former.channelId },
            'A former access could not be ended; it is tried again',
          ),
        ),
      ),
    );
    if (page.length < PER_PAGE || stopping?.aborted) return;
  }
}

/** The erasure of a tenant waits for the former accesses of its channels. */
async function end(context: Context, former: EndingAccess): Promise<void> {
  if (!(await endFormerAccess(context, former))) return;
  await eraseTenant(context, former.tenantId, someTime());
}
