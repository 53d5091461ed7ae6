import { join } from 'node:path';
import { openJournal } from './journal.ts';

/** The sandbox's time: real time plus an offset, which is kept on disk. */
export interface SandboxClock {
  now(): Date;
  readonly offsetS: number;
  /** Lets the time run `offsetS` seconds ahead (or behind, when negative). */
  setOffset(offsetS: number): void;
  close(): void;
}

export function openClock(dir: string): SandboxClock {
  let offsetS = 0;
  const journal = openJournal<{ offset_s: number }>(join(dir, 'clock.jsonl'), {
    replay: (entry) => (offsetS = entry.offset_s),
    snapshot: () => [{ offset_s: offsetS }],
  });
  return {
    now: () => new Date(Date.now() + offsetS * 1000),
    get offsetS() {
      return offsetS;
    },
    setOffset(seconds) {
      journal.append({ offset_s: seconds });
      offsetS = seconds;
    },
    close: () => journal.close(),
  };
}
