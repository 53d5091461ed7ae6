import { findUnsubscribing } from '../db/across-tenants/notices.ts';
import type { RecipientReference } from '../db/across-tenants/notices.ts';
import { findTenant } from '../db/access/tenants.ts';
import { findChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import { insertRefusedAddress, insertUnsubscribe } from '../db/notices/addresses.ts';
import { failSent, listNotices, listOfRecipient, suppressNotices, updateQueued } from '../db/notices/notices.ts';
import type { NoticeRow } from '../db/notices/notices.ts';
import { expiringEnd, isAsking, plainKind } from '../domain/notices/notice.ts';
import { sha256 } from '../crypto/random-secrets.ts';
import type { Context } from '../runtime/context.ts';
import { planExpiring } from './plan-expiring.ts';
import { asksPerson, planStep } from './plan-notices.ts';
import { recipientIdOf } from './recipient-id.ts';
import { wakeRecipients } from './wake-recipients.ts';

/*
 * A person whom no mail reaches, or who wants none: what waits is not sent, and the admins are told instead of what the
 * person was told in vain.
 */

type LosingContext = Pick<Context, 'database' | 'clock' | 'temporal' | 'logger'>;

/**
 * Ends mails about the channels of a mail for its recipient; false when no mail has this address. `inTurn`: guesses must
 * not take up the connections of others.
 */
export async function unsubscribe(
  context: LosingContext,
  token: string,
  inTurn: <T>(lookUp: () => Promise<T>) => Promise<T>,
): Promise<boolean> {
  const found = await inTurn(() => findUnsubscribing(context.database, sha256(token)));
  const [first] = found;
  if (!first) return false;
  const at = await context.clock.now();
  const woken = await context.database.inTenant(first.tenantId, async (tx) => {
    const instead: RecipientReference[] = [];
    for (const { tenantId, channelId, recipient, recipientId } of found) {
      if (recipient === null || channelId === null) continue;
      await insertUnsubscribe(tx, { tenantId, channelId, address: recipient, at });
      await suppressNotices(tx, { channelId, recipientId }, 'unsubscribed', at);
      instead.push(...(await tellInstead(tx, await listOfRecipient(tx, recipientId, channelId), at)));
    }
    return instead;
  });
  await wakeRecipients(context, woken);
  return true;
}

/** The product's mail service learned later that an address takes no mail. */
export async function recordBounce(
  context: LosingContext,
  { tenantId, address, at, reason }: { tenantId: string; address: string; at: Date; reason: string },
): Promise<void> {
  const recipientId = recipientIdOf(tenantId, address);
  const now = await context.clock.now();
  const woken = await context.database.inTenant(tenantId, async (tx) => {
    if (!(await findTenant(tx, tenantId))) return [];
    await insertRefusedAddress(tx, { tenantId, address, at, reason, source: 'bounce' });
    await suppressNotices(tx, { recipientId }, 'address_refused', now);
    const told = await listOfRecipient(tx, recipientId);
    await failSent(tx, recipientId, { since: new Date(at.getTime() - BOUNCES_WITHIN_MS), error: 'bounced', now });
    return tellInstead(tx, told, now);
  });
  await wakeRecipients(context, woken);
}

/** Mail servers try for five days (RFC 5321) before they say that a mail did not arrive. */
const BOUNCES_WITHIN_MS = 6 * 86_400_000;

/**
 * The mail server refuses an address for good: the mail's notices have failed, and what else waits for it is not sent.
 * Returns those who are told instead.
 */
export async function refuseRecipient(
  tx: Transaction,
  notices: NoticeRow[],
  { error, reason, now }: { error: string; reason: string; now: Date },
): Promise<RecipientReference[]> {
  const [one] = notices;
  if (!one?.recipient) return [];
  const { tenantId, recipient: address, recipientId } = one;
  await insertRefusedAddress(tx, { tenantId, address, at: now, reason, source: 'smtp' });
  const ids = notices.map(({ id }) => id);
  await updateQueued(tx, ids, { state: 'failed', at: now, attemptedAt: null, error });
  await suppressNotices(tx, { recipientId }, 'address_refused', now);
  return tellInstead(tx, await listOfRecipient(tx, recipientId), now);
}

/** Of more notices than this, an incident tells people by its reminders. */
const MOST_OF_INCIDENT = 1_000;

/** The product names another owner, or none: the people of the channel are others, and hear what the last ones heard. */
export async function tellNewPeople(
  tx: Transaction,
  { id: channelId, incidentId }: ChannelRow,
  now: Date,
): Promise<RecipientReference[]> {
  const any = { tenantId: null, channelId, incidentId, kind: null, state: null, after: null };
  const ofIncident = incidentId === null ? [] : await listNotices(tx, { ...any, limit: MOST_OF_INCIDENT });
  const warning = await listNotices(tx, { ...any, incidentId: null, kind: 'expiring', limit: 1 });
  return [...(await tellInstead(tx, ofIncident, now)), ...(await tellInstead(tx, warning, now))];
}

/** Repeats the last step of each open incident, or the warning of an end, for those who are told instead. */
async function tellInstead(tx: Transaction, notices: NoticeRow[], now: Date): Promise<RecipientReference[]> {
  const asked = notices.filter(({ kind }) => isAsking(kind)).toSorted((one, other) => (one.id < other.id ? -1 : 1));
  const last = new Map(asked.map((notice) => [notice.channelId, notice]));
  const woken: RecipientReference[] = [];
  for (const [channelId, notice] of last) {
    const channel = channelId === null ? null : await findChannel(tx, channelId);
    const end = expiringEnd(notice.occasion);
    if (channel !== null && end !== null) woken.push(...(await planExpiring(tx, channel, { end, now })));
    if (channel === null || !asksPerson(channel) || channel.incidentId !== notice.incidentId) continue;
    woken.push(...(await planStep(tx, channel, { occasion: notice.occasion, kind: plainKind(notice) }, now)));
  }
  return woken;
}
