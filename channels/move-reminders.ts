import { updateChannel } from '../db/channels/channels.ts';
import { lockNeedingPerson } from '../db/channels/needing-person.ts';
import { findPolicy } from '../db/access/tenants.ts';
import { findIncident } from '../db/channels/incidents.ts';
import { nextReminder } from '../domain/notices/ladder.ts';
import type { Context } from '../runtime/context.ts';
import { isReminded, progressOf } from './reminders.ts';
import { inWakingTransaction } from './wake.ts';
import type { Waking } from './wake.ts';

/** Few at a time: their rows are locked meanwhile. */
const CHANNELS_AT_ONCE = 50;

/**
 * Moves the open deadlines of a tenant's reminders to where its policy has them, and wakes the channels whose deadline
 * moved. It compares rows, so a repeated call finishes what a killed process left.
 */
export async function moveReminders(
  context: Pick<Context, 'database' | 'clock' | 'temporal' | 'logger'>,
  tenantId: string,
): Promise<void> {
  let after: string | null = '';
  while (after !== null) {
    const from: string = after;
    after = await inWakingTransaction(context, tenantId, (waking) => movePage(waking, tenantId, from));
  }
}

/** The last channel of the page; null: there are no more. */
async function movePage({ tx, now, wake }: Waking, tenantId: string, after: string): Promise<string | null> {
  const policy = await findPolicy(tx, tenantId);
  const page = await lockNeedingPerson(tx, { tenantId, after, limit: CHANNELS_AT_ONCE });
  for (const row of page.filter(isReminded)) {
    const incident = row.incidentId === null ? null : await findIncident(tx, row.incidentId);
    if (!incident) continue;
    const nextReminderAt = nextReminder(policy, progressOf(incident), now)?.at ?? null;
    if (nextReminderAt?.getTime() === row.nextReminderAt?.getTime()) continue;
    await wake(await updateChannel(tx, row.id, { nextReminderAt }));
  }
  return page.length < CHANNELS_AT_ONCE ? null : (page.at(-1)?.id ?? null);
}
