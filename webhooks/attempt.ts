import type { Vault } from '../crypto/vault.ts';
import {
  readConsignment,
  recordDelivery,
  settleAttempt,
  takePlaceAtEndpoint,
} from '../db/across-tenants/deliveries.ts';
import type { Database } from '../db/client.ts';
import type { Consignment, NewDelivery } from '../db/events/deliveries.ts';
import type { LoggedAttempt } from '../db/schema/events.ts';
import type { Clock } from '../domain/clock.ts';
import { deliveryGapMs } from '../domain/backoff.ts';
import { ProviderError } from '../domain/verdict.ts';
import type { Logger } from '../runtime/logger.ts';
import { noAnswerInWords, refusalInWords } from './delivery-words.ts';
import type { ReceiverAnswer, WebhookReceivers } from './receivers.ts';
import { signWebhook, webhookBody, webhookHeaders } from './request.ts';

/** The workflow's timer and our clock may differ by this much, in ms. */
const EARLY_MS = 1_000;

/** `waiting`: the delivery is in its endpoint's queue, from where another run of its workflow is started. */
export type DeliveryOutcome =
  | { state: 'delivered' | 'failed' | 'waiting'; attempts: number; words: string }
  | { state: 'pending'; attempts: number; words: string; retryInMs: number };

/** The dependencies of an attempt. */
export interface DeliveryContext {
  database: Database;
  clock: Clock;
  vault: Pick<Vault, 'decryptSecret'>;
  logger: Pick<Logger, 'warn'>;
  receivers: WebhookReceivers;
  /** Starts the deliveries that get the place of an ended attempt. */
  start(deliveries: NewDelivery[]): Promise<void>;
}

/** Posts a delivery to its endpoint if it is due. The row decides, so a repeated attempt continues where the row is. */
export async function attemptDelivery(
  context: DeliveryContext,
  deliveryId: string,
  signal: AbortSignal,
): Promise<DeliveryOutcome> {
  const consignment = await readConsignment(context.database, deliveryId);
  if (!consignment) return { state: 'failed', attempts: 0, words: 'The endpoint or the event was deleted' };
  const { delivery, endpoint } = consignment;
  const { attempts } = delivery;
  if (delivery.state !== 'pending') return { state: delivery.state, attempts, words: 'It had ended before' };
  const now = await context.clock.now();
  const earlyMs = (delivery.nextAttemptAt ?? now).getTime() - now.getTime();
  if (earlyMs > EARLY_MS) {
    return { state: 'pending', attempts, words: 'The next attempt is not due yet', retryInMs: earlyMs };
  }
  if (endpoint.disabledAt) {
    const words = 'The endpoint is disabled; enable it and redeliver';
    await recordDelivery(context.database, consignment, { state: 'failed', lastError: words, nextAttemptAt: null });
    return { state: 'failed', attempts, words };
  }
  // The endpoint's circuit is judged as of the time for which the workflow was woken.
  const dueAt = new Date(now.getTime() + Math.max(0, earlyMs));
  if (!(await takePlaceAtEndpoint(context.database, consignment, dueAt))) {
    return { state: 'waiting', attempts, words: 'The endpoint fails or is busy; the delivery waits in its queue' };
  }
  return settle(context, consignment, await post(context, consignment, now, signal));
}

/** The receiver's answer, or the code of its absence; and what was signed. */
interface Made {
  answer: ReceiverAnswer | string;
  tookMs: number;
  timestamp: string;
  signature: string;
}

async function post(
  context: DeliveryContext,
  { endpoint, event }: Consignment,
  now: Date,
  signal: AbortSignal,
): Promise<Made> {
  const body = webhookBody(event);
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const signature = await signWebhook(context.vault, endpoint, { eventId: event.id, body, now });
  const headers = webhookHeaders(event.id, { timestamp, signature });
  const began = performance.now();
  const made = (answer: Made['answer']): Made => ({ answer, tookMs: performance.now() - began, timestamp, signature });
  try {
    return made(await context.receivers.post(new URL(endpoint.url), headers, body, signal));
  } catch (error) {
    if (error instanceof ProviderError) return made(error.verdict.providerCode ?? 'network');
    throw error;
  }
}

/** Earlier attempts of a delivery are counted alone. */
const MOST_LOGGED = 10;

function logAttempt({ delivery }: Consignment, made: Made, now: Date, error: string | null): LoggedAttempt[] {
  const { answer, tookMs, timestamp, signature } = made;
  const { status, excerpt } = typeof answer === 'string' ? { status: null, excerpt: null } : answer;
  const attempt = {
    at: now.toISOString(),
    timestamp,
    signature,
    status,
    ms: Math.round(tookMs),
    response: excerpt,
    error,
  };
  return [...(delivery.attemptLog ?? []), attempt].slice(-MOST_LOGGED);
}

async function settle(context: DeliveryContext, consignment: Consignment, sent: Made): Promise<DeliveryOutcome> {
  const { answer, tookMs } = sent;
  const { id } = consignment.delivery;
  const now = await context.clock.now();
  const attempts = consignment.delivery.attempts + 1;
  const { status, retryAfterMs } = typeof answer === 'string' ? { status: null, retryAfterMs: null } : answer;
  const made = { attempts, lastStatus: status, lastAttemptAt: now };
  const record = async (progress: Parameters<typeof settleAttempt>[2]['progress'], isGone = false) => {
    const pauseMs = status === 429 || status === 503 ? retryAfterMs : null;
    const end = { isDelivered: progress.state === 'delivered', tookMs, pauseMs };
    await context.start(await settleAttempt(context.database, consignment, { progress, end, isGone, now }));
  };
  if (status !== null && status >= 200 && status < 300) {
    const attemptLog = logAttempt(consignment, sent, now, null);
    const end = { lastError: null, nextAttemptAt: null, deliveredAt: now, attemptLog };
    await record({ ...made, ...end, state: 'delivered' });
    return { state: 'delivered', attempts, words: `Answered ${status}` };
  }
  const isGone = status === 410;
  const words = typeof answer === 'string' ? noAnswerInWords(answer) : refusalInWords(answer.status);
  const retryInMs = isGone ? null : deliveryGapMs(id, attempts, retryAfterMs);
  const nextAttemptAt = retryInMs === null ? null : new Date(now.getTime() + retryInMs);
  const attemptLog = logAttempt(consignment, sent, now, words);
  const progress = { ...made, lastError: words, nextAttemptAt, attemptLog };
  await record({ ...progress, state: nextAttemptAt ? 'pending' : 'failed' }, isGone);
  if (retryInMs !== null) return { state: 'pending', attempts, words, retryInMs };
  const { endpoint, event } = consignment;
  context.logger.warn(
    { deliveryId: id, endpointId: endpoint.id, eventId: event.id, attempts },
    `A delivery failed for good: ${words}`,
  );
  return { state: 'failed', attempts, words };
}
