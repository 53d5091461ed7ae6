import { tellRecipient } from '../notifications/tell-recipient.ts';
import type { TellContext, Told } from '../notifications/tell-context.ts';

export type NoticeActivities = ReturnType<typeof createNoticeActivities>;

/** The activity of `recipientWorkflow`: idempotent, because the rows say what was done. */
export function createNoticeActivities(context: TellContext) {
  return {
    tellRecipient: (recipient: { tenantId: string; recipientId: string }): Promise<Told> =>
      tellRecipient(context, recipient),
  };
}
