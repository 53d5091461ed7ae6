import { forgetSecurityEvents } from '../db/across-tenants/security-events.ts';
import { EVENT_COUNTS_FOR_MS } from '../domain/security/security-event.ts';
import { settleCauses } from '../push/settle-causes.ts';
import type { Context } from '../runtime/context.ts';
import { repeat } from '../runtime/repeat.ts';
import type { Repetition } from '../runtime/repeat.ts';

const EVERY_MS = 10_000;
const ROWS_PER_TURN = 500;

/** Settles causes a minute after their events, and deletes old events. Runs in every worker process. */
export function startSecurityEvents(context: Context): Repetition {
  return repeat(context, {
    everyMs: EVERY_MS,
    async turn(stopping) {
      await settleCauses(context, stopping);
      const before = new Date((await context.clock.now()).getTime() - EVENT_COUNTS_FOR_MS);
      await forgetSecurityEvents(context.database, { before, limit: ROWS_PER_TURN });
    },
    trouble: 'The sweep of security events failed and is repeated',
  });
}
