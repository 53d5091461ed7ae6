import type { Context } from '../runtime/context.ts';
import { lockChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import { lockWithCredential } from '../db/credentials/credentials.ts';
import type { CredentialRow } from '../db/credentials/credentials.ts';
import type { Transaction } from '../db/client.ts';
import {
  abandonAttempt,
  findDoubt,
  findUnsettledAttempt,
  insertAttempt,
  releaseLease,
  settleAttempt,
  storedAnswer,
} from '../db/credentials/refresh-attempts.ts';
import type { RefreshAttemptRow, StoredAnswer } from '../db/credentials/refresh-attempts.ts';
import type { AccessType } from '../domain/access-type.ts';
import { probeTime } from '../domain/doubt.ts';
import { ProviderError } from '../domain/verdict.ts';
import type { Verdict } from '../domain/verdict.ts';
import { followUp, settleRefusal } from './outcomes.ts';
import { NotSent, REFRESH_TIMING, sendRefresh } from './send-refresh.ts';
import type { RefreshTiming } from './send-refresh.ts';
import type { RefreshOutcome } from './refresh-answer.ts';
import { takeAnswer } from './refresh-answer.ts';

export interface RefreshInput {
  tenantId: string;
  accessType: AccessType;
  channelId: string;
  /** The version whose token is to be refreshed: when a newer one is there already, nothing is sent. */
  version: number;
}

type Plan =
  | { step: 'stop'; outcome: RefreshOutcome }
  | { step: 'answer'; answer: StoredAnswer }
  | { step: 'send'; attemptId: string; credential: CredentialRow };

/**
 * Refreshes a channel's access token (rule 3). Safe to call from anywhere, any number of times: one transaction decides
 * who sends, the intent is written before anything is sent, and an answer is sealed before it is read.
 */
export async function refreshCredential(
  context: Context,
  input: RefreshInput,
  timing: RefreshTiming = REFRESH_TIMING,
): Promise<RefreshOutcome> {
  const { tenantId, accessType, channelId } = input;
  const now = await context.clock.now();
  const plan = await context.database.inTenant(tenantId, (tx) => planRefresh(tx, input, timing, now));
  context.killPoint('refresh.planned');
  if (plan.step === 'stop') return plan.outcome;
  const answer = plan.step === 'send' ? await send(context, { accessType, ...plan }, timing) : plan.answer;
  return typeof answer === 'string' ? answer : takeAnswer(context, { tenantId, accessType, channelId, answer });
}

/** Step 1: settles what an earlier refresher left, or takes the lease and writes the intent. */
async function planRefresh(tx: Transaction, input: RefreshInput, timing: RefreshTiming, now: Date): Promise<Plan> {
  const [{ channel, credential }, attempt] = await Promise.all([
    lockWithCredential(tx, input.channelId),
    findUnsettledAttempt(tx, input),
  ]);
  if (!channel || !credential || channel.status === 'disconnecting' || channel.status === 'disconnected') {
    return { step: 'stop', outcome: 'gone' };
  }
  const answer = attempt && storedAnswer(attempt);
  if (answer) return { step: 'answer', answer };
  if (credential.version > input.version || credential.kind !== 'oauth') return { step: 'stop', outcome: 'refreshed' };
  if (credential.leaseUntil && credential.leaseUntil > now) return { step: 'stop', outcome: 'busy' };
  if (attempt) await settleLeft(tx, attempt, now);
  return takeLease(tx, { channel, credential, timing, now });
}

/** Its refresher is dead, or was stopped so long that it will not write any more. */
async function settleLeft(tx: Transaction, attempt: RefreshAttemptRow, now: Date): Promise<void> {
  if (attempt.sentAt) await settleAttempt(tx, attempt.id, 'unknown');
  else await abandonAttempt(tx, attempt.id, now);
}

async function takeLease(
  tx: Transaction,
  given: { channel: ChannelRow; credential: CredentialRow; timing: RefreshTiming; now: Date },
): Promise<Plan> {
  const { channel, credential, timing, now } = given;
  const probeAt = probeTime(credential, await findDoubt(tx, credential), now);
  // A person has been asked: a further use of a token in doubt would tell nothing that changes that.
  if (probeAt && channel.status === 'reauth_required') return { step: 'stop', outcome: 'refused' };
  if (probeAt && now < probeAt) return { step: 'stop', outcome: 'unknown' };
  const attemptId = await insertAttempt(tx, {
    tenantId: channel.tenantId,
    channelId: channel.id,
    version: credential.version,
    probe: probeAt !== null,
    now,
    leaseUntil: new Date(now.getTime() + timing.leaseMs),
  });
  return { step: 'send', attemptId, credential };
}

interface Sending {
  accessType: AccessType;
  attemptId: string;
  credential: CredentialRow;
}

/** Steps 2 and 3: the answer as it is stored, or why there is none. */
async function send(context: Context, sending: Sending, timing: RefreshTiming): Promise<StoredAnswer | RefreshOutcome> {
  const { tenantId, channelId } = sending.credential;
  try {
    const sent = await sendRefresh(context, { ...sending, tenantId, channelId, timing });
    return sent === 'taken_over' ? 'busy' : sent;
  } catch (error) {
    const failure = error instanceof NotSent ? error.cause : error;
    if (!(failure instanceof ProviderError)) throw error;
    await settleUnanswered(context, sending, failure.verdict, error instanceof NotSent);
    return 'refused';
  }
}

/** The network failed us. Never sent: the token is unspent. Else nobody knows, and the rotation decides next time. */
async function settleUnanswered(
  context: Context,
  { attemptId, credential }: Sending,
  verdict: Verdict,
  isUnspent: boolean,
): Promise<void> {
  const { tenantId, channelId, version: credentialVersion } = credential;
  const now = await context.clock.now();
  const settled = await context.database.inTenant(tenantId, async (tx) => {
    const channel = await lockChannel(tx, channelId);
    if (!isUnspent) await settleAttempt(tx, attemptId, 'unknown');
    await releaseLease(tx, channelId, attemptId);
    return channel && settleRefusal(context, tx, channel, { credentialVersion, tried: 'credential', verdict }, now);
  });
  if (settled) await followUp(context, settled);
}
