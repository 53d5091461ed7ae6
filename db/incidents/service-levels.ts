import { sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { Transaction } from '../client.ts';

/** How long something took, in seconds; null where there was none. */
interface Spread {
  p50: number | null;
  p95: number | null;
  count: number;
}

export interface ServiceLevels {
  detect: Spread;
  tell: Spread;
  reauthorize: Spread;
  closeGap: Spread;
}

/**
 * How long people's trouble took from step to step, for the incidents that asked a person since then. `tenantId` null:
 * of every tenant. The incidents are found by their time, what belongs to each by its id.
 */
export async function readServiceLevels(
  tx: Transaction,
  { tenantId, since }: { tenantId: string | null; since: Date },
): Promise<ServiceLevels> {
  const ofTenant = tenantId === null ? sql`` : sql`and i.tenant_id = ${tenantId}`;
  const [row] = await tx.execute<Row>(sql`
    with asked as (
      select i.id, i.channel_id, i.opened_at, i.worked_until, i.needed_person_at, i.closed_at, i.reauthorized
      from incidents i
      where i.needed_person_at is not null and i.needed_person_at >= ${since.toISOString()} ${ofTenant}
    ), steps as (
      select
        ${seconds(sql`a.opened_at - a.worked_until`)} as detect,
        ${seconds(sql`told.at - a.needed_person_at`)} as tell,
        case when a.reauthorized then ${seconds(sql`a.closed_at - a.needed_person_at`)} end as reauthorize,
        case when a.reauthorized then ${seconds(sql`gap.completed_at - a.closed_at`)} end as close_gap
      from asked a
      left join lateral (
        select min(n.at) as at from notices n
        where n.incident_id = a.id and n.state = 'sent' and n.kind in ('reauth_required', 'digest', 'admin_consent')
      ) told on true
      left join lateral (
        select m.completed_at from imports m
        where a.reauthorized and m.channel_id = a.channel_id and m.cause in ('reauthorized', 'access_changed') and m.started_at >= a.closed_at
        order by m.id limit 1
      ) gap on true
    )
    select ${spreadOf('detect')}, ${spreadOf('tell')}, ${spreadOf('reauthorize')}, ${spreadOf('close_gap')} from steps`);
  const spread = (name: Step) => ({
    p50: rounded(row?.[name]?.[0]),
    p95: rounded(row?.[name]?.[1]),
    count: row?.[`${name}_count`] ?? 0,
  });
  return {
    detect: spread('detect'),
    tell: spread('tell'),
    reauthorize: spread('reauthorize'),
    closeGap: spread('close_gap'),
  };
}

type Step = 'detect' | 'tell' | 'reauthorize' | 'close_gap';
type Row = Record<Step, [number, number] | null> & Record<`${Step}_count`, number>;

/** A clock that went back makes no negative time; without one of the two times there is none. */
const seconds = (interval: SQL) =>
  sql`case when ${interval} is not null then greatest(0, extract(epoch from ${interval}))::double precision end`;

function spreadOf(step: Step): SQL {
  const column = sql.identifier(step);
  return sql`percentile_cont(array[0.5, 0.95]) within group (order by ${column}) as ${column},
    count(${column})::integer as ${sql.identifier(`${step}_count`)}`;
}

const rounded = (seconds: number | undefined) => (seconds === undefined ? null : Math.round(seconds * 10) / 10);
