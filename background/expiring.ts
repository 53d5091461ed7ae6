import { tellExpiring } from '../channels/tell-expiring.ts';
import { listExpiring } from '../db/across-tenants/grant-lives.ts';
import type { ExpiringChannel } from '../db/across-tenants/grant-lives.ts';
import type { Context } from '../runtime/context.ts';
import { repeat } from '../runtime/repeat.ts';
import type { Repetition } from '../runtime/repeat.ts';

const EVERY_MS = 60_000;
const CHANNELS_PER_PAGE = 200;

/** Emits `channel.expiring` once for each grant that ends soon. Runs in every worker process. */
export function startExpiring(context: Context): Repetition {
  return repeat(context, {
    everyMs: EVERY_MS,
    turn: (stopping) => tellAllExpiring(context, { stopping }),
    trouble: 'The sweep for grants that end soon failed and is repeated',
  });
}

/**
 * One look, page after page while there is more, so that channels whose event cannot be emitted keep no other waiting.
 * Exported for tests, which do not wait for the loop.
 */
export async function tellAllExpiring(
  context: Context,
  { stopping, limit = CHANNELS_PER_PAGE }: { stopping?: AbortSignal; limit?: number } = {},
): Promise<void> {
  const now = await context.clock.now();
  for (let after: ExpiringChannel | null = null; ;) {
    const page: ExpiringChannel[] = await listExpiring(context.database, { now, limit, after });
    for (const channel of page) {
      await tellExpiring(context, channel).catch((error: unknown) => {
        context.logger.warn(
          { err: error, channelId: channel.channelId },
          '`channel.expiring` could not be emitted; the sweep repeats it',
        );
      });
    }
    after = page.at(-1) ?? null;
    if (page.length < limit || stopping?.aborted) return;
  }
}
