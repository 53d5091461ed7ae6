import type { Context } from '../runtime/context.ts';
import { putBackForgotten, takeForgottenNudges, takeOverdueChannels } from '../db/across-tenants/forgotten.ts';
import type { Forgotten } from '../db/across-tenants/forgotten.ts';
import { repeat } from '../runtime/repeat.ts';
import type { Repetition } from '../runtime/repeat.ts';

const EVERY_MS = 15_000;
const CHANNELS_PER_PAGE = 200;
const SIGNALS_AT_ONCE = 50;

/** The two kinds of rows that say that a workflow should have acted. */
const SWEEPS = [
  { which: 'nudges', take: takeForgottenNudges },
  { which: 'channels', take: takeOverdueChannels },
] as const;

/**
 * Finds what a crash between a commit and a signal left behind, and workflows that are missing or stuck, and signals
 * them with a start (rule 13). Runs in every worker process; each channel goes to one of them.
 */
export function startReconcile(context: Context): Repetition {
  return repeat(context, {
    everyMs: EVERY_MS,
    turn: async (stopping) => void (await wakeForgotten(context, stopping)),
    trouble: 'The sweep for forgotten channels failed and is repeated',
  });
}

/** One look, page after page while there is more; exported for tests, which do not wait for the loop. */
export async function wakeForgotten(context: Context, stopping?: AbortSignal): Promise<number> {
  const woken = await Promise.all(SWEEPS.map((sweep) => wakePages(context, sweep, stopping)));
  const channels = woken.reduce((sum, count) => sum + count, 0);
  if (channels > 0) context.logger.info({ channels }, 'Workflows of forgotten channels were signalled');
  return channels;
}

async function wakePages(
  context: Context,
  { which, take }: (typeof SWEEPS)[number],
  stopping?: AbortSignal,
): Promise<number> {
  for (let woken = 0; ;) {
    const now = await context.clock.now();
    const page = await take(context.database, { now, limit: CHANNELS_PER_PAGE });
    const lost = await signalForgotten(context, page);
    woken += page.length - lost;
    if (page.length > 0 && lost === page.length) {
      // Temporal is away. Its outage must not make the gaps grow that a channel waits after it.
      await putBackForgotten(context.database, which, { ids: page.map(({ id }) => id), now });
      return woken;
    }
    if (page.length < CHANNELS_PER_PAGE || stopping?.aborted) return woken;
  }
}

/**
 * Signals workflows with a start, some at once; one that cannot be signalled is found at a later look. Returns how many
 * those are.
 */
export async function signalForgotten({ temporal, logger }: Context, channels: Forgotten[]): Promise<number> {
  let lost = 0;
  const waiting = channels.values();
  const signalInTurn = async () => {
    for (const channel of waiting) await temporal.lookAt(channel).catch(() => lost++);
  };
  await Promise.all(Array.from({ length: Math.min(SIGNALS_AT_ONCE, channels.length) }, signalInTurn));
  if (lost > 0) logger.warn({ channels: lost }, 'Workflows could not be signalled; a later look signals them');
  return lost;
}
