import { sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { AccessType } from '../../domain/access-type.ts';
import { BACKOFF } from '../../domain/backoff.ts';
import type { Backoff } from '../../domain/backoff.ts';
import type { Database } from '../client.ts';

export interface Forgotten {
  id: string;
  tenantId: string;
  accessType: AccessType;
}

interface Look {
  now: Date;
  limit: number;
}

interface Row extends Record<string, unknown> {
  id: string;
  tenant_id: string;
  access_type: AccessType;
}

/*
 * Channels whose workflow should have acted by now: a nudge that was not taken, or a due time long past. Missing, stuck
 * and unsignalled workflows all show in one of the two. Taking a row moves its time by its own growing gap, so a row
 * that no signal helps comes after those that wait for their first; several processes take different rows.
 */

/** Takes a page of nudges whose signal is due, the longest due first. */
export async function takeForgottenNudges(database: Database, { now, limit }: Look): Promise<Forgotten[]> {
  const at = sql`${now.toISOString()}::timestamptz`;
  return database.acrossTenants(async (tx) => {
    const rows = await tx.execute<Row>(sql`
    with due as (
      select channel_id from nudges where next_signal_at <= ${at}
      order by next_signal_at limit ${limit} for update skip locked
    ), taken as (
      update nudges n set signalled_at = ${at}, signals = n.signals + 1,
                          next_signal_at = ${at} + ${gapAfter(sql`n.signals`, BACKOFF.nudge)}
      from due where n.channel_id = due.channel_id returning n.channel_id
    )
    select c.id, c.tenant_id, c.access_type from taken join channels c on c.id = taken.channel_id`);
    return rows.map(toForgotten);
  });
}

/** Takes a page of channels that are long overdue, the longest first. */
export async function takeOverdueChannels(database: Database, { now, limit }: Look): Promise<Forgotten[]> {
  const { overdue } = BACKOFF;
  const longAgo = new Date(now.getTime() - overdue.firstMs).toISOString();
  return database.acrossTenants(async (tx) => {
    const rows = await tx.execute<Row>(sql`
    with due as (
      select id from channels where next_due_at < ${longAgo}
      order by next_due_at limit ${limit} for update skip locked
    )
    update channels c set overdue_signals = c.overdue_signals + 1,
                          next_due_at = ${longAgo}::timestamptz + ${gapAfter(sql`c.overdue_signals`, overdue)}
    from due where c.id = due.id
    returning c.id, c.tenant_id, c.access_type`);
    return rows.map(toForgotten);
  });
}

/** Puts rows back that were taken and not signalled, because Temporal could not be reached: none has had its turn. */
export async function putBackForgotten(
  database: Database,
  which: 'nudges' | 'channels',
  { ids, now }: { ids: string[]; now: Date },
): Promise<void> {
  const at = sql`${now.toISOString()}::timestamptz`;
  await database.acrossTenants((tx) =>
    which === 'nudges'
      ? tx.execute(sql`
        update nudges set signals = 0, next_signal_at = ${at} + ${gapAfter(sql`0`, BACKOFF.nudge)}
        where channel_id in ${ids}`)
      : tx.execute(sql`
        update channels set overdue_signals = 0, next_due_at = ${at} where next_due_at is not null and id in ${ids}`),
  );
}

/** The gap after so many signals before this one; the power is bounded, because it grows with every signal. */
const gapAfter = (signals: SQL, { firstMs, factor, longestMs }: Backoff) =>
  sql`least(${longestMs}::float8, ${firstMs}::float8 * power(${factor}::float8, least(${signals}, 30))) * interval '1 ms'`;

const toForgotten = (row: Row): Forgotten => ({
  id: row.id,
  tenantId: row.tenant_id,
  accessType: row.access_type,
});
