import { condition, continueAsNew, proxyActivities, setCurrentDetails, setHandler } from '@temporalio/workflow';
import type { NoticeActivities } from '../activities/notices.ts';
import type { RecipientInput } from '../domain/workflow/inputs.ts';
import { NOTICES_QUEUE } from '../domain/workflow/names.ts';
import { noticesChanged } from './messages.ts';

/** A run of so many looks stays under 150 events. */
const LOOKS_PER_RUN = 20;

const { tellRecipient } = proxyActivities<NoticeActivities>({
  taskQueue: NOTICES_QUEUE,
  summary: 'send the next mail that is due',
  startToCloseTimeout: '150s', // the mailer gives up after 120 s
  heartbeatTimeout: '15s',
  retry: { initialInterval: '1s', maximumInterval: '1m' },
});

/**
 * Tells one person of a tenant, one mail after another, and sleeps while notices wait for quiet hours, a digest or the
 * mail server. One workflow per person is why channels that break together share a mail. The rows hold the notices, so
 * a workflow that was ended in Temporal's tools is started again by the sweep. It ends when no notice waits.
 */
export async function recipientWorkflow(input: RecipientInput): Promise<void> {
  const { tenantId, recipientId } = input;
  let hasNews = false;
  setHandler(noticesChanged, () => {
    hasNews = true;
  });
  for (let look = 1; look <= LOOKS_PER_RUN; look++) {
    hasNews = false;
    const { sent, waitMs } = await tellRecipient({ tenantId, recipientId });
    setCurrentDetails(`${sent} notices sent at the last look; ${waitMs === null ? 'none waits' : 'others wait'}.`);
    if (waitMs === null && !newsOf()) return;
    if (waitMs !== null && waitMs > 0) await condition(newsOf, waitMs);
  }
  return continueAsNew<typeof recipientWorkflow>(input);

  function newsOf(): boolean {
    return hasNews;
  }
}
