import { createHash } from 'node:crypto';
import { sql } from 'drizzle-orm';
import type { Clock } from '../domain/clock.ts';
import type { Database } from './client.ts';
import { quotas } from './schema/quotas.ts';

/**
 * Reserves the next `ms` of a quota's time, no earlier than `burstMs` ago; answers in how many ms it begins. The row of
 * the key puts the stretches of all processes one after the other.
 */
export async function reserveQuotaTime(
  { database, clock }: { database: Database; clock: Clock },
  key: string,
  { ms, burstMs }: { ms: number; burstMs: number },
): Promise<number> {
  const now = await clock.now();
  const earliest = new Date(now.getTime() - burstMs);
  const first = { key: createHash('sha256').update(key).digest('hex'), usedUntil: new Date(earliest.getTime() + ms) };
  const next = sql`greatest(${quotas.usedUntil}, ${earliest.toISOString()}) + make_interval(secs => ${ms / 1_000})`;
  const [row] = await database.outsideTenants((tx) =>
    tx
      .insert(quotas)
      .values(first)
      .onConflictDoUpdate({ target: quotas.key, set: { usedUntil: next } })
      .returning({ usedUntil: quotas.usedUntil }),
  );
  if (!row) throw new Error('an upsert answers with its row');
  return row.usedUntil.getTime() - ms - now.getTime();
}
