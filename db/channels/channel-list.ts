import { and, eq, gt, inArray, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { AccessType } from '../../domain/access-type.ts';
import type { ChannelSort, Status } from '../../domain/channel.ts';
import type { Transaction } from '../client.ts';
import { channels, needRank, searchedText } from '../schema/channels.ts';
import { CHANNEL_COLUMNS } from './channels.ts';
import type { ChannelRow } from './channels.ts';

/** Where a page ends: what its last row is sorted by, as PostgreSQL writes it, and that row's id. */
export interface ListPosition {
  keys: string[];
  id: string;
}

export interface ChannelFilter {
  tenantId: string | null;
  /** null: any. */
  statuses: readonly Status[] | null;
  accessType: AccessType | null;
  /** Part of an address, of the owner's name or address, or of the id, in any case; null: all. */
  text?: string | null;
  sort?: ChannelSort;
  after: ListPosition | null;
  limit: number;
}

export type ListedChannel = ChannelRow & { position: ListPosition };

interface SortKey {
  by: SQL;
  /** As text, so that a cursor keeps every digit. */
  shown: SQL;
  given: (text: string) => SQL;
}

const asText = (by: SQL): SortKey => ({ by, shown: by, given: (text) => sql`${text}::text` });
const asNumber = (by: SQL): SortKey => ({ by, shown: sql`(${by})::text`, given: (text) => sql`${text}::bigint` });
/** Microseconds since the epoch: a `Date` would lose the last three digits, and a page would repeat its last row. */
const asTime = (by: SQL): SortKey => ({
  by,
  shown: sql`(extract(epoch from ${by}) * 1000000)::bigint::text`,
  given: (text) => sql`'epoch'::timestamptz + ${text}::bigint * interval '1 microsecond'`,
});

/** Ids sort by time, and end every order. */
const KEYS: Record<ChannelSort, SortKey[]> = {
  created_at: [],
  needs: [asNumber(needRank(channels)), asTime(sql`${channels.statusSince}`)],
  email: [asText(sql`lower(${channels.accountEmail})`)],
  status_since: [asTime(sql`${channels.statusSince}`)],
  covered_until: [asTime(sql`coalesce(${CHANNEL_COLUMNS.coveredUntil.getSQL()}, 'epoch'::timestamptz)`)],
};

/** How many keys a position of an order has, beside the id. */
export const keysOf = (sort: ChannelSort): number => KEYS[sort].length;

/** Channels of one tenant, or of all, in the order that is asked for; every order but `covered_until` has its index. */
export async function listChannels(tx: Transaction, filter: ChannelFilter): Promise<ListedChannel[]> {
  const keys = KEYS[filter.sort ?? 'created_at'];
  const rows = await tx
    .select({ ...CHANNEL_COLUMNS, keys: sql<string[]>`array[${sql.join(shownOf(keys), sql`, `)}]::text[]` })
    .from(channels)
    .where(
      and(
        filter.tenantId === null ? undefined : eq(channels.tenantId, filter.tenantId),
        filter.statuses === null ? undefined : inArray(channels.status, [...filter.statuses]),
        filter.accessType === null ? undefined : eq(channels.accessType, filter.accessType),
        filter.text ? sql`${searchedText(channels)} like ${containing(filter.text)}` : undefined,
        filter.after === null ? undefined : isAfter(keys, filter.after),
      ),
    )
    .orderBy(...keys.map(({ by }) => by), channels.id)
    .limit(filter.limit);
  return rows.map(({ keys: position, ...row }) => ({ ...row, position: { keys: position, id: row.id } }));
}

const shownOf = (keys: SortKey[]) => keys.map(({ shown }) => shown);

function isAfter(keys: SortKey[], { keys: given, id }: ListPosition): SQL {
  if (keys.length === 0) return gt(channels.id, id);
  const columns = [...keys.map(({ by }) => by), sql`${channels.id}`];
  const values = [...keys.map((key, at) => key.given(given[at]!)), sql`${id}::text`];
  return sql`(${sql.join(columns, sql`, `)}) > (${sql.join(values, sql`, `)})`;
}

const containing = (text: string) => `%${text.toLowerCase().replaceAll(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
