import { updateQueued } from '../db/notices/notices.ts';
import { BACKOFF, gapMs } from '../domain/backoff.ts';
import type { MailFailure, MailOutcome } from '../domain/mail.ts';
import { refuseRecipient } from './lost-recipients.ts';
import type { PlannedMail, TellContext } from './tell-context.ts';
import { wakeRecipients } from './wake-recipients.ts';

/** Two days with the gaps of `BACKOFF.mail`: later the mail would be stale, and reminders follow. */
const MOST_ATTEMPTS = 52;
/** The operator mends these, and the mail is as good as before. */
const OPERATORS: readonly MailFailure[] = ['smtp_authentication_failed', 'smtp_sender_refused'];

/** Commits what became of a mail. The admins are told instead of a person whom the mail server refuses. */
export async function settleMail(context: TellContext, planned: PlannedMail, outcome: MailOutcome): Promise<void> {
  const { mail, notices } = planned;
  const ids = notices.map(({ id }) => id);
  const now = await context.clock.now();
  const woken = await context.database.inTenant(mail.tenantId, async (tx) => {
    if (outcome.outcome === 'sent') {
      await updateQueued(tx, ids, { state: 'sent', at: now, attemptedAt: null, error: null });
      return [];
    }
    const { code: error, reason } = outcome;
    if (outcome.outcome === 'refused') {
      return refuseRecipient(tx, notices, { error, reason, now });
    }
    const dueAt = retryAt(planned, outcome, now);
    await updateQueued(tx, ids, { attemptedAt: null, error, ...(dueAt ? { dueAt } : { state: 'failed', at: now }) });
    return [];
  });
  if (outcome.outcome !== 'sent') {
    context.logger.warn({ tenantId: mail.tenantId, mailId: mail.id, code: outcome.code }, 'A mail was not taken');
  }
  await wakeRecipients(context, woken);
}

function retryAt(
  { notices, mail }: PlannedMail,
  { outcome, code }: Exclude<MailOutcome, { outcome: 'sent' }>,
  now: Date,
) {
  const attempts = notices[0]?.attempts ?? 1;
  const isRetried = outcome === 'later' || OPERATORS.includes(code);
  if (!isRetried || attempts >= MOST_ATTEMPTS) return null;
  return new Date(now.getTime() + gapMs(BACKOFF.mail, attempts, { spreadBy: mail.id }));
}
