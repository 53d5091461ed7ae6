import { createHash } from 'node:crypto';
import { eq, sql } from 'drizzle-orm';
import type { Clock } from '../domain/clock.ts';
import type { Database } from './client.ts';
import { quotas } from './schema/quotas.ts';

/**
 * Takes one use of a quota of `perMinute`; what is left of a minute is saved. Answers 0, or without taking it in how
 * many ms there is one.
 */
export async function takeQuota(
  { database, clock }: { database: Database; clock: Clock },
  key: string,
  perMinute: number,
): Promise<number> {
  const now = await clock.now();
  const costMs = 60_000 / perMinute;
  const earliest = new Date(now.getTime() - 60_000);
  const row = { key: hashOf(key), usedUntil: new Date(earliest.getTime() + costMs) };
  const next = sql`greatest(${quotas.usedUntil}, ${earliest.toISOString()}) + make_interval(secs => ${costMs / 1_000})`;
  return database.outsideTenants(async (tx) => {
    const taken = await tx
      .insert(quotas)
      .values(row)
      .onConflictDoUpdate({
        target: quotas.key,
        set: { usedUntil: next },
        setWhere: sql`${next} <= ${now.toISOString()}`,
      })
      .returning({ key: quotas.key });
    if (taken.length > 0) return 0;
    const [used] = await tx.select().from(quotas).where(eq(quotas.key, row.key));
    return used ? Math.max(1, used.usedUntil.getTime() + costMs - now.getTime()) : 0;
  });
}

const hashOf = (key: string) => createHash('sha256').update(key).digest('hex');

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
  const first = { key: hashOf(key), usedUntil: new Date(earliest.getTime() + ms) };
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
