import { and, eq, gt, isNull, or, sql } from 'drizzle-orm';
import type { AccessType } from '../../domain/access-type.ts';
import type { IncidentRow } from '../channels/incidents.ts';
import type { Transaction } from '../client.ts';
import { incidents } from '../schema/channels.ts';
import { incidentChannels } from '../schema/incidents.ts';

/*
 * Incidents of many channels, as a transaction of one tenant sees them: that they are (row-level security shows them to
 * every tenant, and lets none change them).
 */

export type WiderIncident = IncidentRow;

interface Affected {
  id: string;
  tenantId: string;
  accessType: AccessType;
  serverKey: string;
}

const isOpen = and(isNull(incidents.closedAt), isNull(incidents.channelId));

/** The open incident of the provider, or of the channel's mail server, that trouble which heals by itself is part of. */
export async function findOutage(tx: Transaction, { accessType, serverKey }: Affected): Promise<string | null> {
  const [row] = await tx
    .select({ id: incidents.id })
    .from(incidents)
    .where(
      and(
        isOpen,
        eq(incidents.scope, 'provider'),
        eq(incidents.provider, accessType),
        eq(incidents.action, 'none'),
        or(isNull(incidents.server), eq(incidents.server, serverKey)),
      ),
    )
    .orderBy(sql`${incidents.server} nulls last`)
    .limit(1);
  return row?.id ?? null;
}

/** Counts the channel among those that met a provider's incident. */
export async function joinIncident(
  tx: Transaction,
  incidentId: string,
  { id: channelId, tenantId }: Pick<Affected, 'id' | 'tenantId'>,
  joinedAt: Date,
): Promise<void> {
  await tx.insert(incidentChannels).values({ incidentId, channelId, tenantId, joinedAt }).onConflictDoNothing();
}

/** The open incidents of the operator's clients of an access type; there are hardly ever any. */
export async function findClientIncidents(tx: Transaction, accessType: AccessType): Promise<WiderIncident[]> {
  return tx
    .select()
    .from(incidents)
    .where(and(isOpen, eq(incidents.scope, 'client'), eq(incidents.provider, accessType)));
}

/**
 * The incident that holds notices which ask people of this access type to sign in, and until when; null: none does. The
 * operator's release, and time, end it.
 */
export async function findHold(
  tx: Transaction,
  accessType: AccessType,
  now: Date,
): Promise<{ id: string; until: Date } | null> {
  const [row] = await tx
    .select({ id: incidents.id, until: incidents.holdsUntil })
    .from(incidents)
    .where(
      and(isOpen, eq(incidents.scope, 'provider'), eq(incidents.provider, accessType), gt(incidents.holdsUntil, now)),
    )
    .limit(1);
  return row?.until ? { id: row.id, until: row.until } : null;
}
