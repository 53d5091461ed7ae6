import type { Context } from '../runtime/context.ts';
import { takeAdoptionsToFinish } from '../db/across-tenants/adoptions.ts';
import { holdAdoption } from '../db/credentials/adoptions.ts';
import type { AdoptionFailure, AdoptionRow } from '../db/credentials/adoptions.ts';
import { newId } from '../db/ids.ts';
import { finishLeftAdoption, nextTryAt } from '../connections/adoption.ts';
import { ADOPTION_TIMING } from '../connections/send-adoption.ts';
import { repeat } from '../runtime/repeat.ts';
import type { Repetition } from '../runtime/repeat.ts';

/** Short: a repeated request waits for what this sweep finds. */
const EVERY_MS = 2_000;
const ADOPTIONS_AT_ONCE = 10;

/**
 * Finishes adoptions with a stored answer whose server died or whose provider was in trouble: only a worker can open
 * what the server sealed (rule 1). Runs in every worker process; each adoption goes to one of them.
 */
export function startAdoptions(context: Context): Repetition {
  return repeat(context, {
    everyMs: EVERY_MS,
    turn: () => finishAdoptions(context),
    trouble: 'The sweep for adoptions failed and is repeated',
  });
}

async function finishAdoptions(context: Context): Promise<void> {
  const now = await context.clock.now();
  const rows = await takeAdoptionsToFinish(context.database, {
    holder: newId('hld'),
    now,
    until: new Date(now.getTime() + ADOPTION_TIMING.leaseMs),
    limit: ADOPTIONS_AT_ONCE,
  });
  await Promise.all(rows.map((row) => finishOne(context, row)));
}

async function finishOne(context: Context, row: AdoptionRow): Promise<void> {
  const about = { tenantId: row.tenantId, accessType: row.accessType };
  try {
    const outcome = await finishLeftAdoption(context, row);
    if (outcome.status === 'connected') context.logger.info(about, 'An adoption of a dead server was finished');
    else context.logger.warn({ ...about, why: reasonOf(outcome) }, 'An adoption cannot be finished yet');
  } catch (error) {
    context.logger.warn({ err: error, ...about }, 'An adoption failed and is retried');
    const dueAt = nextTryAt(await context.clock.now(), row.tries);
    await context.database.inTenant(row.tenantId, (tx) => holdAdoption(tx, row, dueAt));
  }
}

const reasonOf = (failure: AdoptionFailure) => (failure.status === 'failed' ? failure.code : failure.verdict.kind);
