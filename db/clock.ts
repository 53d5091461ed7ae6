import type { Clock } from '../domain/clock.ts';
import type { Database } from './client.ts';
import { withoutValues } from './database-error.ts';

/** How long a reading of PostgreSQL's clock is carried on by this process's own steady one, in ms. */
const READING_LASTS_MS = 30_000;
/** A longer trip to PostgreSQL leaves the reading inexact: it is carried on for as long as this alone, in ms. */
const EXACT_TRIP_MS = 500;
const INEXACT_LASTS_MS = 1_000;

interface Reading {
  offsetMs: number;
  /** By the steady clock. */
  endsAt: number;
}

/** PostgreSQL's time, read every half minute and carried on by the monotonic clock, which no clock step can move. */
export function databaseClock(database: Database): Clock {
  let reading: Reading | null = null;
  let underWay: Promise<Reading> | null = null;
  return {
    async now() {
      if (!reading || performance.now() > reading.endsAt) {
        underWay ??= read(database).finally(() => (underWay = null));
        reading = await underWay;
      }
      return new Date(reading.offsetMs + performance.now());
    },
  };
}

/** The time was read somewhere on the trip: taken for its middle, it is wrong by half of the trip at most. */
async function read(database: Database): Promise<Reading> {
  const askedAt = performance.now();
  const [row] = await withoutValues(
    database.clock<{ ms: number }[]>`select extract(epoch from clock_timestamp()) * 1000 as ms`,
  );
  const answeredAt = performance.now();
  const lastsMs = answeredAt - askedAt > EXACT_TRIP_MS ? INEXACT_LASTS_MS : READING_LASTS_MS;
  return { offsetMs: Number(row?.ms) - (askedAt + answeredAt) / 2, endsAt: answeredAt + lastsMs };
}
