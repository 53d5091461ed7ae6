import type { Clock } from '../domain/clock.ts';
import type { Database } from './client.ts';
import { withoutValues } from './database-error.ts';

/** How long a reading of PostgreSQL's clock is carried on by this process's own steady one, in ms. */
const READING_LASTS_MS = 30_000;

/** PostgreSQL's time, read every half minute and carried on by the monotonic clock, which no clock step can move. */
export function databaseClock(database: Database): Clock {
  let reading: { offsetMs: number; takenAt: number } | null = null;
  return {
    async now() {
      if (!reading || performance.now() - reading.takenAt > READING_LASTS_MS) {
        const [row] = await withoutValues(
          database.clock<{ ms: number }[]>`select extract(epoch from clock_timestamp()) * 1000 as ms`,
        );
        const takenAt = performance.now();
        reading = { offsetMs: Number(row?.ms) - takenAt, takenAt };
      }
      return new Date(reading.offsetMs + performance.now());
    },
  };
}
