import type { Context } from '../runtime/context.ts';
import type { AccessType } from '../domain/access-type.ts';
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
const OF_A_TYPE_AT_ONCE = 10;

/**
 * Finishes adoptions with a stored answer whose server died or whose provider was in trouble: only a worker can open
 * what the server sealed (rule 1). Runs in every worker process; each adoption goes to one of them. A turn starts what
 * there is room for and does not wait for it, so a provider that hangs delays the adoptions of no other.
 */
export function startAdoptions(context: Context): Repetition {
  const underWay = new Map([...context.providers.keys()].map((accessType) => [accessType, new Set<Promise<void>>()]));
  const repetition = repeat(context, {
    everyMs: EVERY_MS,
    turn: async () => {
      for (const [accessType, some] of underWay) await beginAdoptions(context, accessType, some);
    },
    trouble: 'The sweep for adoptions failed and is repeated',
  });
  return {
    async stop() {
      await repetition.stop();
      await Promise.all([...underWay.values()].flatMap((some) => [...some]));
    },
  };
}

async function beginAdoptions(context: Context, accessType: AccessType, underWay: Set<Promise<void>>): Promise<void> {
  const limit = OF_A_TYPE_AT_ONCE - underWay.size;
  if (limit === 0) return;
  const now = await context.clock.now();
  const until = new Date(now.getTime() + ADOPTION_TIMING.leaseMs);
  const lease = { holder: newId('hld'), now, until };
  for (const row of await takeAdoptionsToFinish(context.database, accessType, { ...lease, limit })) {
    const finishing = finishOne(context, row)
      .catch((error: unknown) =>
        context.logger.warn({ err: error }, 'An adoption could not be put off; its lease ends'),
      )
      .finally(() => underWay.delete(finishing));
    underWay.add(finishing);
  }
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
