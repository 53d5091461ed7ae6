import type { Context } from '../runtime/context.ts';
import { findUnusedContent, pruneExpired, retireMessages } from '../db/across-tenants/retention.ts';
import { lockChannel } from '../db/channels/channels.ts';
import { deleteUnusedContent } from '../db/messages/content.ts';
import type { UnusedContent } from '../db/across-tenants/retention.ts';
import { repeat } from '../runtime/repeat.ts';
import type { Repetition } from '../runtime/repeat.ts';

const EVERY_MS = 60_000;
const ROWS_PER_TURN = 500;
const CONTENTS_PER_TURN = 2_000;
/** Content is written before its message. Content still unused after this, in ms, was left by a dead process. */
const ABANDONED_MS = 3_600_000;

const TROUBLE = 'The retention sweep failed and is repeated';

type RetentionContext = Pick<Context, 'database' | 'clock' | 'logger'>;

/**
 * Deletes what is no longer kept: messages whose retention is over, content without a message, and expired rows. Runs
 * in every worker process; it is never urgent, and doing it twice is harmless.
 */
export function startRetention(context: RetentionContext): Repetition {
  const sweeper = new ContentSweeper(context);
  return repeat(context, {
    everyMs: EVERY_MS,
    async turn(stopping) {
      // Side by side: rows that one of them cannot delete keep nothing from the others.
      const parts = await Promise.allSettled([
        retireAcknowledged(context, stopping),
        sweeper.sweep(performance.now()),
        pruneAll(context, stopping),
      ]);
      for (const part of parts) if (part.status === 'rejected') context.logger.warn({ err: part.reason }, TROUBLE);
    },
    trouble: TROUBLE,
  });
}

/** Repeats short transactions until nothing is expired; returns how many rows were deleted. */
export async function pruneAll(context: RetentionContext, stopping?: AbortSignal): Promise<number> {
  let pruned = 0;
  for (;;) {
    const now = await context.clock.now();
    const turn = await pruneExpired(context.database, { now, limit: ROWS_PER_TURN });
    pruned += turn;
    if (turn < ROWS_PER_TURN || stopping?.aborted) return pruned;
  }
}

/** Repeats short transactions until nothing is due; returns how many messages were retired. */
export async function retireAcknowledged(context: RetentionContext, stopping?: AbortSignal): Promise<number> {
  let retired = 0;
  for (;;) {
    const now = await context.clock.now();
    const turn = await retireMessages(context.database, { now, limit: ROWS_PER_TURN });
    retired += turn;
    if (turn < ROWS_PER_TURN || stopping?.aborted) return retired;
  }
}

/**
 * Finds content without a message, a stretch at a time, and deletes it if it is still without one an hour later. The
 * findings are in memory only: a new process starts over, and their deletion comes an hour later.
 */
export class ContentSweeper {
  readonly #context: RetentionContext;
  readonly #suspects = new Map<string, UnusedContent & { sinceMs: number }>();
  #after = '';

  constructor(context: RetentionContext) {
    this.#context = context;
  }

  /** @param nowMs on the monotonic clock: no step of a clock may make fresh content look abandoned */
  async sweep(nowMs: number): Promise<void> {
    const { last, unused } = await findUnusedContent(this.#context.database, this.#after, CONTENTS_PER_TURN);
    this.#after = last ?? '';
    for (const content of unused) {
      if (!this.#suspects.has(content.contentId)) this.#suspects.set(content.contentId, { ...content, sinceMs: nowMs });
    }
    const abandoned = [...this.#suspects.values()].filter(({ sinceMs }) => nowMs - sinceMs >= ABANDONED_MS);
    for (const [channelId, contents] of Map.groupBy(abandoned, (content) => content.channelId)) {
      await this.#remove(channelId, contents).catch((error: unknown) => {
        this.#context.logger.warn({ err: error, channelId }, 'Unreferenced content could not be deleted');
      });
    }
  }

  /** Checks again under the lock that a page's commit takes: a message may refer to the content by now. */
  async #remove(channelId: string, contents: UnusedContent[]): Promise<void> {
    const [first] = contents;
    if (!first) return;
    const ids = contents.map(({ contentId }) => contentId);
    await this.#context.database.inTenant(first.tenantId, async (tx) => {
      await lockChannel(tx, channelId);
      await deleteUnusedContent(tx, channelId, ids);
    });
    for (const id of ids) this.#suspects.delete(id);
    this.#context.logger.info({ channelId, contents: ids.length }, 'Unreferenced content was deleted');
  }
}
