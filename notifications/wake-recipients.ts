import type { RecipientReference } from '../db/across-tenants/notices.ts';
import type { Context } from '../runtime/context.ts';

const AT_ONCE = 20;

/** Signals the workflows of recipients whose notices are committed. Never rejects: the sweep finds what is lost. */
export async function wakeRecipients(
  { temporal, logger }: Pick<Context, 'temporal' | 'logger'>,
  recipients: readonly RecipientReference[],
): Promise<void> {
  const each = [...new Map(recipients.map((one) => [one.recipientId, one])).values()];
  for (let first = 0; first < each.length; first += AT_ONCE) {
    const some = each.slice(first, first + AT_ONCE);
    const signalled = await Promise.allSettled(some.map((recipient) => temporal.wakeRecipient(recipient)));
    const failed = signalled.filter((result) => result.status === 'rejected');
    if (failed.length === 0) continue;
    logger.warn(
      { err: failed[0]?.reason },
      `${failed.length} recipients could not be signalled; the sweep signals them`,
    );
    // Temporal is away. A single one that always fails keeps no later one from its signal.
    if (failed.length === some.length) return;
  }
}
