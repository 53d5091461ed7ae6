import { and, count, desc, eq, gt, isNull } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import type { StatusReason } from '../../domain/verdict.ts';
import type { Transaction } from '../client.ts';
import { newId } from '../ids.ts';
import { incidents } from '../schema/channels.ts';

export type IncidentRow = InferSelectModel<typeof incidents>;

/** Trouble that returns within this time belongs to the same incident, in ms: a server that flaps is one problem. */
const REOPENED_WITHIN_MS = 15 * 60_000;
const MONTH_MS = 30 * 86_400_000;

/**
 * Opens the channel's incident, or returns the open one or one that closed by itself just now, which is reopened: one
 * alert per incident (rule 11).
 */
export async function openChannelIncident(
  tx: Transaction,
  incident: { tenantId: string; channelId: string; provider: string; reason: StatusReason | null; at: Date },
): Promise<{ id: string; isNew: boolean }> {
  const { at, ...values } = incident;
  const reopened = await reopenIncident(tx, incident.channelId, at);
  if (reopened !== null) return { id: reopened, isNew: false };
  const id = newId('inc');
  const inserted = await tx
    .insert(incidents)
    .values({ id, ...values, openedAt: at })
    .onConflictDoNothing()
    .returning({ id: incidents.id });
  if (inserted.length > 0) return { id, isNew: true };
  const [open] = await tx
    .select({ id: incidents.id })
    .from(incidents)
    .where(and(eq(incidents.channelId, incident.channelId), isNull(incidents.closedAt)));
  return { id: open?.id ?? id, isNew: false };
}

export async function findIncident(tx: Transaction, id: string): Promise<IncidentRow | null> {
  const [row] = await tx.select().from(incidents).where(eq(incidents.id, id));
  return row ?? null;
}

/** The channel's last incident, if the channel healed by itself a moment ago; null: a new one is due. */
async function reopenIncident(tx: Transaction, channelId: string, at: Date): Promise<string | null> {
  const [last] = await tx
    .select({ id: incidents.id, healed: incidents.healed, closedAt: incidents.closedAt })
    .from(incidents)
    .where(eq(incidents.channelId, channelId))
    .orderBy(desc(incidents.openedAt))
    .limit(1);
  if (!last?.healed || last.closedAt === null) return null;
  if (at.getTime() - last.closedAt.getTime() > REOPENED_WITHIN_MS) return null;
  await tx.update(incidents).set({ closedAt: null, healed: false, reopenedAt: at }).where(eq(incidents.id, last.id));
  return last.id;
}

/**
 * Closes a channel's incident. `healed`: the channel works again by itself. null when this tenant has none to close; a
 * channel cannot close the operator's incidents. `isFirst`: its end was not told before.
 */
export async function closeIncident(
  tx: Transaction,
  id: string,
  { at, healed }: { at: Date; healed: boolean },
): Promise<{ isFirst: boolean } | null> {
  const [row] = await tx
    .update(incidents)
    .set({ closedAt: at, healed })
    .where(and(eq(incidents.id, id), isNull(incidents.closedAt)))
    .returning({ reopenedAt: incidents.reopenedAt });
  return row ? { isFirst: row.reopenedAt === null } : null;
}

/** Notes that an incident asks a person; returns how many of the channel's last 30 days did. */
export async function countIncidentsOfPerson(
  tx: Transaction,
  { id, channelId, at }: { id: string; channelId: string; at: Date },
): Promise<number> {
  await tx.update(incidents).set({ neededPerson: true }).where(eq(incidents.id, id));
  const since = new Date(at.getTime() - MONTH_MS);
  const [row] = await tx
    .select({ times: count() })
    .from(incidents)
    .where(and(eq(incidents.channelId, channelId), gt(incidents.openedAt, since), eq(incidents.neededPerson, true)));
  return row?.times ?? 0;
}
