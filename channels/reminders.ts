import { findPolicy } from '../db/access/tenants.ts';
import { findIncident } from '../db/channels/incidents.ts';
import type { IncidentRow } from '../db/channels/incidents.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import { asksPerson } from '../domain/channel.ts';
import type { ChannelState } from '../domain/channel.ts';
import type { Progress } from '../domain/notices/ladder.ts';
import { nextReminder } from '../domain/notices/ladder.ts';

/** A pause and the operator's trouble have no reminders (rule 11). */
export const isReminded = ({ status, action, pausedAt }: ChannelRow): boolean =>
  asksPerson({ status, action }) && pausedAt === null;

/**
 * When a channel's person is next reminded after a change of its state. A deadline stands while the same incident asks; one
 * that asks again after a pause or a recovery goes on where it was.
 */
export async function reminderAfter(
  tx: Transaction,
  row: ChannelRow,
  { state, incidentId, now }: { state: ChannelState; incidentId: string | null; now: Date },
): Promise<Date | null> {
  if (!asksPerson(state) || state.paused || incidentId === null) return null;
  if (isReminded(row) && row.incidentId === incidentId) return row.nextReminderAt;
  const incident = await findIncident(tx, incidentId);
  if (!incident) return null;
  return nextReminder(await findPolicy(tx, row.tenantId), progressOf(incident), now)?.at ?? null;
}

/** How far an incident's reminders are. */
export const progressOf = ({ neededPersonAt, openedAt, remindedAt, reminders }: IncidentRow): Progress => ({
  askedAt: neededPersonAt ?? openedAt,
  remindedAt,
  reminders,
});
