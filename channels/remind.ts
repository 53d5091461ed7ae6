import { findPolicy } from '../db/access/tenants.ts';
import { lockChannel, updateChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import { findIncident, noteReminder } from '../db/channels/incidents.ts';
import type { Transaction } from '../db/client.ts';
import { insertEvent } from '../db/events/events.ts';
import { isPasswordTryUnderWay } from '../domain/backoff.ts';
import { nextReminder } from '../domain/notices/ladder.ts';
import type { Context } from '../runtime/context.ts';
import { eventData } from './happenings.ts';
import { isReminded, progressOf } from './reminders.ts';

/**
 * Emits the reminder that is due, once, and plans the next one. The event tells the product; the planner of notices makes
 * mails of it. Run again after a kill, it finds the next deadline and does nothing.
 */
export async function remindPerson(
  context: Pick<Context, 'database' | 'clock'>,
  { tenantId, channelId }: { tenantId: string; channelId: string },
): Promise<void> {
  const now = await context.clock.now();
  await context.database.inTenant(tenantId, async (tx) => {
    const row = await lockChannel(tx, channelId);
    if (!row || row.nextReminderAt === null || row.nextReminderAt > now) return;
    if (isPasswordTryUnderWay(row.passwordRetries, now.getTime())) return;
    await updateChannel(tx, row.id, { nextReminderAt: await emitIfDue(tx, row, now) });
  });
}

/** When the next reminder is due; null: none follows. */
async function emitIfDue(tx: Transaction, row: ChannelRow, now: Date): Promise<Date | null> {
  const incident = row.incidentId === null ? null : await findIncident(tx, row.incidentId);
  if (!incident || !isReminded(row)) return null;
  const policy = await findPolicy(tx, row.tenantId);
  const progress = progressOf(incident);
  const due = nextReminder(policy, progress, now);
  if (due === null || due.at > now) return due?.at ?? null;
  const { number, adminsJoin, adminsAlone } = due;
  const about = { tenantId: row.tenantId, channelId: row.id, incidentId: incident.id, at: now };
  await insertEvent(tx, {
    ...about,
    type: 'channel.reauth_reminder',
    data: { ...eventData(row, null), number, adminsJoin, adminsAlone },
  });
  await noteReminder(tx, incident.id, number, now);
  return nextReminder(policy, { ...progress, remindedAt: now, reminders: number }, now)?.at ?? null;
}
