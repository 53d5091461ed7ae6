import { sayServed, turnUnserved } from '../db/across-tenants/incidents/served.ts';
import type { AccessType } from '../domain/access-type.ts';
import type { Context } from '../runtime/context.ts';
import { repeat } from '../runtime/repeat.ts';
import type { Repetition } from '../runtime/repeat.ts';

const EVERY_MS = 15_000;
/** An access type counts as served for this long after its last worker, in ms: longer than a deploy leaves it alone. */
const SERVED_FOR_MS = 5 * 60_000;
/** A row is written this long before it is needed, in ms: many workers write it as often as one. */
const RENEWED_BEFORE_MS = 4 * 60_000;

/**
 * Says which access types this worker serves, and looks for those with live channels that no worker serves: their
 * channels stand still until a worker has the provider's configuration. Runs in every worker process.
 */
export function startServing(context: Context): Repetition {
  return repeat(context, {
    everyMs: EVERY_MS,
    turn: () => turnServing(context, { isFirst: false }),
    trouble: 'The look for access types without a worker failed and is repeated',
  });
}

/** One turn. The first of a process, before its workers run, is loud about what it finds. */
export async function turnServing(context: Context, { isFirst }: { isFirst: boolean }): Promise<void> {
  const { database, clock, logger, providers } = context;
  const now = await clock.now();
  const after = (ms: number) => new Date(now.getTime() + ms);
  await sayServed(database, [...providers.keys()], { until: after(SERVED_FOR_MS), enough: after(RENEWED_BEFORE_MS) });
  const { unserved, opened, closed } = await turnUnserved(database, { now, grace: after(SERVED_FOR_MS) });
  const told: AccessType[] = isFirst ? unserved : opened;
  for (const accessType of told) {
    logger.error({ accessType }, 'Live channels have no worker; start one with the provider’s configuration');
  }
  for (const accessType of closed) logger.info({ accessType }, 'The channels have a worker again');
}
