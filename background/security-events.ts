import { forgetSecurityEvents } from '../db/across-tenants/security-events.ts';
import { settleCauses } from '../push/settle-causes.ts';
import type { Context } from '../runtime/context.ts';
import { repeat } from '../runtime/repeat.ts';
import type { Repetition } from '../runtime/repeat.ts';

const EVERY_MS = 10_000;
/** Providers repeat an event for hours; what explains a refusal is looked for since the grant last worked. */
const KEPT_MS = 30 * 86_400_000;
const ROWS_PER_TURN = 500;

/** Makes causes certain a minute after their events, and forgets old events. Runs in every worker process. */
export function startSecurityEvents(context: Context): Repetition {
  return repeat(context, {
    everyMs: EVERY_MS,
    async turn(stopping) {
      await settleCauses(context, stopping);
      const before = new Date((await context.clock.now()).getTime() - KEPT_MS);
      await forgetSecurityEvents(context.database, { before, limit: ROWS_PER_TURN });
    },
    trouble: 'The sweep of security events failed and is repeated',
  });
}
