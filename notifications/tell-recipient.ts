import { isWarned, WARNING_WAITS_MS } from '../channels/tell-expiring.ts';
import { findPolicy } from '../db/access/tenants.ts';
import { findChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import { findCredentialState } from '../db/credentials/credentials.ts';
import { newId } from '../db/ids.ts';
import { SENDING_MS, deleteQueued, lockQueued, suppressNotices, updateQueued } from '../db/notices/notices.ts';
import type { NoticeRow } from '../db/notices/notices.ts';
import type { TenantPolicy } from '../db/schema/tenants.ts';
import type { RecipientReference } from '../db/across-tenants/notices.ts';
import { normalAddress } from '../domain/address.ts';
import { nextMail } from '../domain/notices/next-mail.ts';
import { isAsking } from '../domain/notices/notice.ts';
import type { Suppression } from '../domain/notices/notice.ts';
import { sha256, randomText } from '../crypto/random-secrets.ts';
import { audienceOf } from './audience.ts';
import { mailOf } from './mail-of.ts';
import { rulesOf, timesOf } from './mail-rules.ts';
import { endThatIsTold } from './plan-expiring.ts';
import { asksPerson } from './plan-notices.ts';
import { settleMail } from './settle-mail.ts';
import type { PlannedMail, TellContext, Told } from './tell-context.ts';

/** How often a process says that it still sends a mail, in ms. */
const RENEW_MS = 5_000;

/**
 * Sends a recipient the next mail, if one is due. The rows decide, and say before the mail leaves that it is being sent:
 * a process that dies before the mail server's answer is committed has it sent again, under the same Message-ID.
 */
export async function tellRecipient(context: TellContext, recipient: RecipientReference): Promise<Told> {
  const planned = await context.database.inTenant(recipient.tenantId, async (tx) =>
    takeNextMail(context, tx, recipient, await context.clock.now()),
  );
  if ('waitMs' in planned) return { sent: 0, waitMs: planned.waitMs };
  context.killPoint('mail.planned');
  const stop = keepTaken(context, recipient.tenantId, planned.notices);
  const outcome = await context.mailer.send(planned.mail).finally(stop);
  context.killPoint('mail.taken');
  await settleMail(context, planned, outcome);
  return { sent: outcome.outcome === 'sent' ? planned.notices.length : 0, waitMs: 0 };
}

async function takeNextMail(
  context: TellContext,
  tx: Transaction,
  { tenantId, recipientId }: RecipientReference,
  now: Date,
): Promise<PlannedMail | { waitMs: number | null }> {
  const locked = await lockQueued(tx, recipientId);
  const takenMs = Math.max(...locked.map(({ attemptedAt }) => (attemptedAt?.getTime() ?? 0) + SENDING_MS - +now));
  if (takenMs > 0) return { waitMs: takenMs };
  const policy = await findPolicy(tx, tenantId);
  const queued = await dropNeedless(context, tx, locked, { policy, now });
  const [one] = queued;
  if (!one) return { waitMs: locked.length > 0 ? 0 : null };
  const next = nextMail(queued.map(timesOf), await rulesOf(tx, { notice: one, policy, now }));
  if ('wait' in next) {
    await noteWaits(tx, queued, next.wait);
    return { waitMs: Math.min(...next.wait.values()) - now.getTime() };
  }
  const chosen = queued.filter(({ id }) => next.send.includes(id));
  const mailId = chosen[0]?.mailId ?? newId('mal');
  const unsubscribe = randomText();
  const taken = { kind: next.kind, mailId, unsubscribeHash: sha256(unsubscribe), attemptedAt: now };
  const attempts = (chosen[0]?.attempts ?? 0) + 1;
  await updateQueued(tx, next.send, { ...taken, attempts });
  const notices = chosen.map((row) => ({ ...row, ...taken, attempts }));
  return { mail: await mailOf(context, tx, { notices, policy, unsubscribe, now }), notices };
}

/**
 * Between the plan and now the channel may have healed or have met other trouble, and its people may be others: no person
 * is asked in vain, or after an unsubscribe, and none is told of an end that was not one.
 */
async function dropNeedless(
  context: TellContext,
  tx: Transaction,
  rows: NoticeRow[],
  { policy, now }: { policy: TenantPolicy; now: Date },
): Promise<NoticeRow[]> {
  const needed: NoticeRow[] = [];
  for (const row of rows) {
    const channel = row.channelId === null ? null : await findChannel(tx, row.channelId);
    const asks = channel !== null && asksPerson(channel) && channel.incidentId === row.incidentId;
    if (row.kind === 'recovered' && asks) {
      await deleteQueued(tx, row.id);
      continue;
    }
    const isNeeded = row.kind === 'expiring' ? await isStillEnding(context, tx, row, { channel, now }) : asks;
    if (row.kind === 'expiring' && isNeeded && channel !== null && !isWarned(channel)) {
      needed.push(await keepBack(tx, row, now));
      continue;
    }
    const error = isAsking(row.kind)
      ? await whyNeedless(tx, row, { channel: isNeeded ? channel : null, policy })
      : null;
    if (error === null) needed.push(row);
    else await suppressNotices(tx, { id: row.id }, error, now);
  }
  return needed;
}

/** A warning waits until its channel works again, and keeps no other mail of the person waiting. */
async function keepBack(tx: Transaction, row: NoticeRow, now: Date): Promise<NoticeRow> {
  if (row.dueAt > now) return row;
  const dueAt = new Date(now.getTime() + WARNING_WAITS_MS);
  await updateQueued(tx, [row.id], { dueAt });
  return { ...row, dueAt };
}

async function isStillEnding(
  context: TellContext,
  tx: Transaction,
  { occasion }: NoticeRow,
  { channel, now }: { channel: ChannelRow | null; now: Date },
): Promise<boolean> {
  if (channel === null) return false;
  const credential = await findCredentialState(tx, channel.id);
  return endThatIsTold(context, { channel, credential, occasion, now }) !== null;
}

/** Why a notice that asks is not sent after all; null: it is. `channel`: null unless it still asks for the same reason. */
async function whyNeedless(
  tx: Transaction,
  { recipient }: NoticeRow,
  { channel, policy }: { channel: ChannelRow | null; policy: TenantPolicy },
): Promise<Suppression | null> {
  if (channel === null) return 'not_needed';
  const { told, notTold } = await audienceOf(tx, channel, policy, true);
  const isRecipient = ({ person }: { person: { email: string } | null }) =>
    person !== null && normalAddress(person.email) === normalAddress(recipient ?? '');
  return told.some(isRecipient) ? null : (notTold.find(isRecipient)?.error ?? 'not_needed');
}

/** The sweep goes by the rows' times: a notice that waits for the morning is not overdue at night. */
async function noteWaits(tx: Transaction, queued: NoticeRow[], waits: ReadonlyMap<string, number>): Promise<void> {
  for (const { id, dueAt, heldUntil } of queued) {
    const at = waits.get(id) ?? 0;
    if (at > Math.max(dueAt.getTime(), heldUntil?.getTime() ?? 0)) {
      await updateQueued(tx, [id], { dueAt: new Date(at) });
    }
  }
}

/** Says again and again that this process sends these notices, until the function that it returns is called. */
function keepTaken({ database, clock, logger }: TellContext, tenantId: string, notices: NoticeRow[]): () => void {
  const ids = notices.map(({ id }) => id);
  const renew = async () => {
    const attemptedAt = await clock.now();
    await database.inTenant(tenantId, (tx) => updateQueued(tx, ids, { attemptedAt }));
  };
  const timer = setInterval(() => {
    void renew().catch((error: unknown) => logger.warn({ err: error }, 'A mail under way could not be noted'));
  }, RENEW_MS);
  return () => clearInterval(timer);
}
