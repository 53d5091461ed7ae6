import { turnSettler } from '../db/across-tenants/settler.ts';
import type { SettlerTurn } from '../db/across-tenants/settler.ts';
import type { Context } from './context.ts';
import type { Repetition } from './repeat.ts';
import { WakeUp } from './wake-up.ts';

/** The pause without a write of this process: as long may rows of a process that died wait. */
const IDLE_MS = 1_500;
/** Commits of so long are one turn. */
const GATHER_MS = 5;
/** The first and the longest pause while another process has the turn, which may have begun before our commit. */
const BUSY_MS = { first: 10, longest: 250 };
/** After an error, also where rows are committed meanwhile. */
const FAILED_MS = 1_000;
/** While notices of messages are too young to be emitted. */
const NOTICES_MS = 250;
const ROWS_PER_TURN = 1_000;
/** Between turns that look at every row that waits, a turn passes over rows written so much earlier than the last. */
const WHOLE_EVERY_MS = 1_000;
const RECENT_ROWS = 10_000n;

type SettlerContext = Pick<Context, 'database' | 'clock' | 'logger'>;

/**
 * Numbers committed messages and events (`turnSettler`). Runs in every process, each for its own commits above all; the turn
 * of one takes the rows of all, and any of them takes over what another left behind.
 */
export function startSettler(context: SettlerContext): Repetition & { first: Promise<void> } {
  const alarm = new WakeUp();
  const stopping = new AbortController();
  const unhear = context.database.onFeedWrite(() => alarm.ring());
  const { promise: first, resolve } = Promise.withResolvers<void>();
  const running = settle(context, { alarm, first: resolve, stopping: stopping.signal });
  return {
    /** The first turn is over: numbers go on here, also in a database that was restored. */
    first,
    async stop() {
      stopping.abort();
      unhear();
      alarm.ring();
      await running;
    },
  };
}

interface SettlerLoop {
  alarm: WakeUp;
  /** Called after the first turn. */
  first: () => void;
  stopping: AbortSignal;
}

async function settle(context: SettlerContext, { alarm, first, stopping }: SettlerLoop): Promise<void> {
  const reach = new Reach();
  let busyMs = BUSY_MS.first;
  while (!stopping.aborted) {
    let waitMs = 0;
    try {
      const from = reach.next();
      const turn = await turnSettler(context.database, { clock: context.clock, limit: ROWS_PER_TURN, from });
      if (turn) reach.note(turn);
      waitMs = pauseAfter(turn, busyMs);
      busyMs = turn ? BUSY_MS.first : Math.min(2 * busyMs, BUSY_MS.longest);
    } catch (error) {
      context.logger.warn({ err: error }, 'The feeds could not be settled; it is tried again');
      if (!stopping.aborted) await new WakeUp().wait(FAILED_MS);
    }
    first();
    await alarm.wait(waitMs);
    if (waitMs > GATHER_MS && !stopping.aborted) await new WakeUp().wait(GATHER_MS);
  }
}

function pauseAfter(turn: SettlerTurn | null, busyMs: number): number {
  if (!turn) return busyMs;
  if (turn.more) return 0;
  return turn.noticesWait ? NOTICES_MS : IDLE_MS;
}

const littleBefore = (written: bigint) => (written > RECENT_ROWS ? written - RECENT_ROWS : 0n);

/** From where a turn looks for rows: from the first once a second, otherwise a little before the last that it found. */
class Reach {
  #written = { messages: 0n, events: 0n };
  #wholeAt = Number.NEGATIVE_INFINITY;

  next(): SettlerTurn['written'] {
    const now = performance.now();
    if (now - this.#wholeAt >= WHOLE_EVERY_MS) {
      this.#wholeAt = now;
      return { messages: 0n, events: 0n };
    }
    return { messages: littleBefore(this.#written.messages), events: littleBefore(this.#written.events) };
  }

  note({ written }: SettlerTurn): void {
    for (const feed of ['messages', 'events'] as const) {
      if (written[feed] > this.#written[feed]) this.#written[feed] = written[feed];
    }
  }
}
