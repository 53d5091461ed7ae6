import { and, desc, eq, isNotNull, isNull, lt } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { incidents } from '../schema/channels.ts';
import type { IncidentRow } from './incidents.ts';

interface IncidentFilter {
  tenantId: string | null;
  channelId: string | null;
  state: 'open' | 'closed' | null;
  after: string | null;
  limit: number;
}

/** Newest first. Only a transaction that sees every tenant sees the operator's own, which belong to none. */
export async function listIncidents(tx: Transaction, filter: IncidentFilter): Promise<IncidentRow[]> {
  const { tenantId, channelId, state, after, limit } = filter;
  const closed = state === 'open' ? isNull(incidents.closedAt) : isNotNull(incidents.closedAt);
  return tx
    .select()
    .from(incidents)
    .where(
      and(
        tenantId === null ? undefined : eq(incidents.tenantId, tenantId),
        channelId === null ? undefined : eq(incidents.channelId, channelId),
        state === null ? undefined : closed,
        after === null ? undefined : lt(incidents.id, after),
      ),
    )
    .orderBy(desc(incidents.id))
    .limit(limit);
}
