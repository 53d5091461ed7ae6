import { listOverdueRecipients, turnNotices } from '../db/across-tenants/notices.ts';
import type { EventRow, RecipientReference } from '../db/across-tenants/notices.ts';
import { DatabaseError } from '../db/database-error.ts';
import { EVENTS_TOPIC } from '../domain/notify-topics.ts';
import type { Context } from '../runtime/context.ts';
import { repeat } from '../runtime/repeat.ts';
import type { Repetition } from '../runtime/repeat.ts';
import { WakeUp } from '../runtime/wake-up.ts';
import { isPlanned, planNotices } from './plan-notices.ts';
import { wakeRecipients } from './wake-recipients.ts';

/** The pause without a notification, and after an error. */
const IDLE_MS = 5_000;
const EVENTS_PER_TURN = 200;
/** How often notices without a workflow are looked for: never started, or ended in Temporal's tools. */
const SWEEP_MS = 10_000;
/** A notice this far past its due time counts as overdue. Too short costs a needless signal. */
const OVERDUE_MS = 10_000;
const OVERDUE_PER_SWEEP = 500;

/** SQLSTATE classes of an error that a repetition meets again. */
const IS_ABOUT_VALUES = /^2[23]/;

type PlannerContext = Pick<Context, 'database' | 'clock' | 'logger' | 'temporal'>;

/**
 * Turns events into notices and wakes the workflows of their recipients. Runs in every worker process; a row of
 * feed_state admits one turn at a time. A notice is committed before its workflow is signalled, and the sweep finds the
 * notices of a process that died between the two.
 */
export function startPlanner(context: PlannerContext): Repetition {
  const events = new WakeUp();
  const stopping = new AbortController();
  const planning = plan(context, events, stopping.signal);
  const trouble = 'Overdue notices could not be looked for; it is tried again';
  const sweeping = repeat(context, { everyMs: SWEEP_MS, turn: sweepOf(context), trouble });
  return {
    async stop() {
      stopping.abort();
      events.ring();
      await Promise.all([planning, sweeping.stop()]);
    },
  };
}

async function plan(context: PlannerContext, alarm: WakeUp, stopping: AbortSignal): Promise<void> {
  let stopListening: (() => Promise<void>) | null = null;
  while (!stopping.aborted) {
    let waitMs = IDLE_MS;
    try {
      stopListening ??= await context.database.listen(EVENTS_TOPIC, () => alarm.ring());
      const turn = await planTurn(context);
      if (turn?.more) waitMs = 0;
    } catch (error) {
      context.logger.warn({ err: error }, 'A turn of the planner failed and is repeated');
    }
    await alarm.wait(waitMs);
  }
  await stopListening?.();
}

/** Plans what the next events give reason to tell; null while another process does. */
export async function planTurn(context: PlannerContext): Promise<{ more: boolean } | null> {
  const woken: RecipientReference[] = [];
  try {
    return await turnNotices(context.database, EVENTS_PER_TURN, async (event) => {
      woken.push(...(await planEvent(context, event, await context.clock.now())));
    });
  } finally {
    // Also after a turn that failed: its notices are committed, and its repetition finds nothing new.
    await wakeRecipients(context, woken);
  }
}

/** An event that our code cannot read must not keep every later one from its people. */
async function planEvent(context: PlannerContext, event: EventRow, now: Date): Promise<RecipientReference[]> {
  const { tenantId } = event;
  if (tenantId === null || !isPlanned(event.type)) return [];
  try {
    return await context.database.inTenant(tenantId, (tx) => planNotices(tx, event, now));
  } catch (error) {
    if (error instanceof DatabaseError && !IS_ABOUT_VALUES.test(error.code)) throw error;
    context.logger.error({ err: error, eventId: event.id }, 'No notice could be planned of an event');
    return [];
  }
}

/** Each turn takes a page of overdue recipients; after a full page the next continues there. */
function sweepOf(context: PlannerContext): () => Promise<void> {
  let after = '';
  return async () => {
    const dueBefore = new Date((await context.clock.now()).getTime() - OVERDUE_MS);
    const overdue = await listOverdueRecipients(context.database, { dueBefore, after, limit: OVERDUE_PER_SWEEP });
    await wakeRecipients(context, overdue);
    after = overdue.length === OVERDUE_PER_SWEEP ? (overdue.at(-1)?.recipientId ?? '') : '';
  };
}
