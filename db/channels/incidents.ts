import { and, count, desc, eq, gt, isNull, sql } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import type { AccessType } from '../../domain/access-type.ts';
import type { Action, StatusReason } from '../../domain/verdict.ts';
import type { Transaction } from '../client.ts';
import { newId } from '../ids.ts';
import { incidents } from '../schema/channels.ts';
import { credentials } from '../schema/credentials.ts';

export type IncidentRow = InferSelectModel<typeof incidents>;

/** Trouble that returns within this time belongs to the same incident, in ms: a server that flaps is one problem. */
const REOPENED_WITHIN_MS = 15 * 60_000;
const MONTH_MS = 30 * 86_400_000;

export interface NewIncident {
  tenantId: string;
  channelId: string;
  provider: AccessType;
  reason: StatusReason | null;
  action: Action;
  providerCode: string | null;
  /** When a call to the account last worked. */
  lastVerifiedAt: Date | null;
  /** The trouble that a pause hid is still there. */
  goesOn: boolean;
  at: Date;
}

/**
 * Opens the channel's incident, or returns the open one or one that closed by itself just now, which is reopened: one
 * alert per incident (rule 11). So is one whose trouble outlived a pause. It shows the latest reason and action.
 */
export async function openChannelIncident(
  tx: Transaction,
  { at, lastVerifiedAt, goesOn, ...values }: NewIncident,
): Promise<{ id: string; isNew: boolean }> {
  const { channelId, reason, action, providerCode } = values;
  await reopenIncident(tx, channelId, { at, goesOn });
  const id = newId('inc');
  const [row] = await tx
    .insert(incidents)
    .values({ id, ...values, openedAt: at, workedUntil: workedUntil(channelId, lastVerifiedAt) })
    .onConflictDoUpdate({
      target: incidents.channelId,
      targetWhere: sql`${incidents.closedAt} is null and ${incidents.channelId} is not null`,
      set: { reason, action, providerCode },
    })
    .returning({ id: incidents.id });
  return { id: row?.id ?? id, isNew: row?.id === id };
}

export async function findIncident(tx: Transaction, id: string): Promise<IncidentRow | null> {
  const [row] = await tx.select().from(incidents).where(eq(incidents.id, id));
  return row ?? null;
}

/** A refresh that worked proves the credential, as a call proves the account. */
const workedUntil = (channelId: string, lastVerifiedAt: Date | null) =>
  sql`greatest(${lastVerifiedAt?.toISOString() ?? null}::timestamptz,
    (select max(${credentials.issuedAt}) from ${credentials} where ${credentials.channelId} = ${channelId}))`;

/** Reopens the channel's last incident, if the channel healed by itself a moment ago, or was paused and never healed. */
async function reopenIncident(
  tx: Transaction,
  channelId: string,
  { at, goesOn }: Pick<NewIncident, 'at' | 'goesOn'>,
): Promise<void> {
  const [last] = await tx
    .select({ id: incidents.id, healed: incidents.healed, paused: incidents.paused, closedAt: incidents.closedAt })
    .from(incidents)
    .where(eq(incidents.channelId, channelId))
    .orderBy(desc(incidents.openedAt))
    .limit(1);
  if (!last || last.closedAt === null) return;
  const flaps = last.healed && at.getTime() - last.closedAt.getTime() <= REOPENED_WITHIN_MS;
  if (!flaps && !(last.paused && goesOn)) return;
  const reopened = { closedAt: null, healed: false, paused: false, reopenedAt: at, foldedInto: null };
  await tx.update(incidents).set(reopened).where(eq(incidents.id, last.id));
}

/** How a channel's incident ended: the channel works again by itself, a person signed in, or the channel was paused. */
interface Ending {
  at: Date;
  healed: boolean;
  reauthorized: boolean;
  paused: boolean;
}

/**
 * Closes a channel's incident. null when this tenant has none to close; a channel cannot close an incident of many
 * channels. `isFirst`: its end was not told before.
 */
export async function closeIncident(
  tx: Transaction,
  id: string,
  { at, ...how }: Ending,
): Promise<{ isFirst: boolean; foldedInto: string | null } | null> {
  const [row] = await tx
    .update(incidents)
    .set({ closedAt: at, ...how })
    .where(and(eq(incidents.id, id), isNull(incidents.closedAt)))
    .returning({ reopenedAt: incidents.reopenedAt, foldedInto: incidents.foldedInto });
  return row ? { isFirst: row.reopenedAt === null, foldedInto: row.foldedInto } : null;
}

/**
 * Notes that an incident asks a person, which makes it a problem of its own; returns how many of the channel's last 30
 * days did.
 */
export async function countIncidentsOfPerson(
  tx: Transaction,
  { id, channelId, at }: { id: string; channelId: string; at: Date },
): Promise<number> {
  const neededPersonAt = sql`coalesce(${incidents.neededPersonAt}, ${at.toISOString()}::timestamptz)`;
  await tx.update(incidents).set({ neededPerson: true, neededPersonAt, foldedInto: null }).where(eq(incidents.id, id));
  const since = new Date(at.getTime() - MONTH_MS);
  const [row] = await tx
    .select({ times: count() })
    .from(incidents)
    .where(and(eq(incidents.channelId, channelId), gt(incidents.openedAt, since), eq(incidents.neededPerson, true)));
  return row?.times ?? 0;
}

/** With so many incidents that asked a person, support has to act. */
export async function setIncidentAction(tx: Transaction, id: string, action: Action): Promise<void> {
  await tx.update(incidents).set({ action }).where(eq(incidents.id, id));
}

/** Corrects an incident whose cause the provider told after it had opened. */
export async function explainIncident(
  tx: Transaction,
  id: string,
  cause: Pick<IncidentRow, 'reason' | 'action' | 'providerCode'>,
): Promise<void> {
  const { reason, action, providerCode } = cause;
  await tx.update(incidents).set({ reason, action, providerCode }).where(eq(incidents.id, id));
}

/** Notes the n-th reminder of an incident. */
export async function noteReminder(tx: Transaction, id: string, number: number, at: Date): Promise<void> {
  await tx.update(incidents).set({ reminders: number, remindedAt: at }).where(eq(incidents.id, id));
}
