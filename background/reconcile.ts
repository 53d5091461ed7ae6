import type { Context } from '../runtime/context.ts';
import { takeForgottenChannels } from '../db/across-tenants/forgotten.ts';
import type { Forgotten } from '../db/across-tenants/forgotten.ts';
import { repeat } from '../runtime/repeat.ts';
import type { Repetition } from '../runtime/repeat.ts';

const EVERY_MS = 15_000;
/** A nudge is old when its workflow should have taken it by now, in ms. */
const NUDGE_OLD_MS = 15_000;
/** A channel this far past its due time counts as forgotten, in ms: longer than a refresh may take. */
const OVERDUE_MS = 90_000;
const CHANNELS_AT_ONCE = 200;

/**
 * Finds what a crash between a commit and a signal left behind, and workflows that are missing or stuck, and signals
 * them with a start (rule 13). Runs in every worker process; an advisory lock lets one at a time look.
 */
export function startReconcile(context: Context): Repetition {
  return repeat(context, {
    everyMs: EVERY_MS,
    turn: async () => void (await wakeForgotten(context)),
    trouble: 'The sweep for forgotten channels failed and is repeated',
  });
}

/** One look; exported for tests, which do not wait for the loop. */
export async function wakeForgotten(context: Context): Promise<number> {
  const now = await context.clock.now();
  const ago = (ms: number) => new Date(now.getTime() - ms);
  const forgotten = await takeForgottenChannels(context.database, {
    nudgedBefore: ago(NUDGE_OLD_MS),
    dueBefore: ago(OVERDUE_MS),
    now,
    limit: CHANNELS_AT_ONCE,
  });
  await signalForgotten(context, forgotten);
  if (forgotten.length > 0)
    context.logger.info({ channels: forgotten.length }, 'Workflows of forgotten channels were signalled');
  return forgotten.length;
}

/** Signals workflows with a start; one that cannot be signalled is found at a later look. */
export async function signalForgotten({ temporal, logger }: Context, channels: Forgotten[]): Promise<void> {
  const signalled = await Promise.allSettled(channels.map((channel) => temporal.lookAt(channel)));
  const lost = signalled.filter(({ status }) => status === 'rejected').length;
  if (lost > 0) logger.warn({ channels: lost }, 'Workflows could not be signalled; the next look signals them');
}
