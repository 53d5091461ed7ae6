import { findPolicy } from '../db/access/tenants.ts';
import { findChannel } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import { newId } from '../db/ids.ts';
import { lastRequestedMail } from '../db/notices/notices.ts';
import { isOperatorsTrouble } from '../domain/channel.ts';
import { DIGEST_MS, sendableAt } from '../domain/notices/next-mail.ts';
import type { Unreachable } from '../domain/notices/notice.ts';
import type { Context } from '../runtime/context.ts';
import { audienceOf } from './audience.ts';
import { rulesOf, timesOf } from './mail-rules.ts';
import { asksPerson, kindOfAlert, planStep } from './plan-notices.ts';
import { wakeRecipients } from './wake-recipients.ts';

type SkipReason = Unreachable | 'not_found' | 'not_needed' | 'operators_trouble' | 'policy' | 'no_recipient';

export interface RequestedNotices {
  sent: number;
  held: number;
  /** Why no person is told; null: one is. */
  why: SkipReason | null;
}

const skipped = (why: SkipReason) => ({ sent: 0, held: 0, why, woken: [] });

/** Tells the people of a channel now that it needs them, as the product asks, beside the steps of its incident. */
export async function requestNotices(
  context: Pick<Context, 'database' | 'clock' | 'temporal' | 'logger'>,
  { tenantId, channelId }: { tenantId: string | null; channelId: string },
): Promise<RequestedNotices> {
  if (tenantId === null) return { sent: 0, held: 0, why: 'not_found' };
  const now = await context.clock.now();
  const { woken, ...outcome } = await context.database.inTenant(tenantId, (tx) => planRequested(tx, channelId, now));
  await wakeRecipients(context, woken);
  return outcome;
}

async function planRequested(tx: Transaction, channelId: string, now: Date) {
  const channel = await findChannel(tx, channelId);
  if (!channel) return skipped('not_found');
  if (isOperatorsTrouble(channel)) return skipped('operators_trouble');
  if (!asksPerson(channel)) return skipped('not_needed');
  const policy = await findPolicy(tx, channel.tenantId);
  const { told, notTold } = await audienceOf(tx, channel, policy, false);
  if (told.length === 0) return skipped(notTold[0]?.error ?? 'policy');
  const last = await lastRequestedMail(tx, channelId);
  const dueAt = new Date(Math.max(now.getTime(), (last?.getTime() ?? 0) + DIGEST_MS));
  const step = { occasion: `asked/${newId('req')}`, kind: kindOfAlert(channel), dueAt };
  const planned = await planStep(tx, channel, step, now);
  let held = 0;
  for (const notice of planned) {
    const rules = await rulesOf(tx, { notice, policy, now });
    if (sendableAt(timesOf(notice), rules) > now.getTime()) held += 1;
  }
  return { sent: planned.length - held, held, why: null, woken: planned };
}
