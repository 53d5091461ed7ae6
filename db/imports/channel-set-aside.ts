import { sql } from 'drizzle-orm';
import type { SetAsideReason } from '../../domain/receipt.ts';
import type { Transaction } from '../client.ts';

/** Something of a channel that is not read: a folder, or messages of one in quarantine. */
export interface ChannelSetAside {
  folder: string;
  reason: SetAsideReason;
  /** Messages that are known to wait there; 0 where none is. */
  count: number;
  since: Date;
  /** null: nothing is tried by itself any more. */
  retryAt: Date | null;
}

/** What is not read of these channels. One query, of rows that partial indexes hold: they are few. */
export async function listChannelSetAside(
  tx: Transaction,
  channelIds: string[],
): Promise<Map<string, ChannelSetAside[]>> {
  if (channelIds.length === 0) return new Map();
  const ids = sql`array[${sql.join(
    channelIds.map((id) => sql`${id}`),
    sql`, `,
  )}]::text[]`;
  const rows = (await tx.execute(sql`
    with found as (
      select channel_id, coalesce(name, scope) as folder, reason, 0 as count, since, retry_at
      from parts_aside where channel_id = any(${ids}) and retry_at is not null
      union all
      select scope.channel_id, coalesce(scope.name, scope.scope), coalesce(scope.aside_reason, 'no_answer'),
        (select count(*) from import_items item where item.import_id = scope.import_id and item.scope = scope.scope
          and item.outcome is null),
        coalesce(scope.set_aside_at, scope.retry_at), scope.retry_at
      from import_scopes scope join imports on imports.id = scope.import_id
      where scope.channel_id = any(${ids}) and scope.retry_at is not null and scope.state <> 'done'
        and imports.state in ('running', 'stalled')
      union all
      select item.channel_id, coalesce(scope.name, item.scope), item.skip_reason,
        count(distinct (item.generation, item.provider_id)),
        min(coalesce(item.quarantined_at, item.tried_at, item.listed_at)), min(item.retry_at)
      from import_items item
      join import_scopes scope on scope.import_id = item.import_id and scope.scope = item.scope
      where item.channel_id = any(${ids}) and item.skip_reason in ('unfetchable', 'unparseable')
      group by item.channel_id, coalesce(scope.name, item.scope), item.skip_reason
    )
    select channel_id, folder, reason, max(count)::int as count, min(since) as since, min(retry_at) as retry_at
    from found group by channel_id, folder, reason order by channel_id, folder, reason
  `)) as unknown as Row[];
  const entries = rows.map(({ channel_id: id, since, retry_at: retryAt, ...entry }) => ({
    id,
    entry: { ...entry, since: new Date(since), retryAt: retryAt === null ? null : new Date(retryAt) },
  }));
  return new Map([...Map.groupBy(entries, ({ id }) => id)].map(([id, group]) => [id, group.map(({ entry }) => entry)]));
}

interface Row {
  channel_id: string;
  folder: string;
  reason: SetAsideReason;
  count: number;
  since: Date | string;
  retry_at: Date | string | null;
}
