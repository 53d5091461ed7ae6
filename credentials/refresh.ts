import type { Context } from '../runtime/context.ts';
import { inWakingTransaction } from '../channels/wake.ts';
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
import { findClientIncidents } from '../db/incidents/wider.ts';
import type { WiderIncident } from '../db/incidents/wider.ts';
import { becomeCanary, canaryToWaitFor, waitForCanary } from './canary.ts';
import { followUp, settleRefusal } from './outcomes.ts';
import { oauthOf } from './oauth.ts';
import type { ExchangeTiming } from './one-time-exchange.ts';
import { REFRESH_TIMING, sendRefresh } from './send-refresh.ts';
import type { PlannedRefresh } from './send-refresh.ts';
import type { RefreshOutcome } from './refresh-answer.ts';
import { settleAnswer } from './refresh-answer.ts';
import { LEFT, isOneOf } from '../domain/channel.ts';

export interface RefreshInput {
  tenantId: string;
  accessType: AccessType;
  channelId: string;
  /** The version to refresh: if a newer one is live, nothing is sent. */
  version: number;
}

type Plan =
  | { step: 'stop'; outcome: RefreshOutcome }
  /** Another channel tries the operator's client. */
  | { step: 'wait'; incident: WiderIncident }
  | { step: 'answer'; answer: StoredAnswer; credential: CredentialRow }
  | { step: 'send'; attemptId: string; credential: CredentialRow };

/**
 * Refreshes a channel's access token (rule 3). Safe to call from anywhere, any number of times: one transaction decides
 * who sends, the intent is written before anything is sent, and an answer is sealed before it is read.
 */
export async function refreshCredential(
  context: Context,
  input: RefreshInput,
  timing: ExchangeTiming = REFRESH_TIMING,
): Promise<RefreshOutcome> {
  const { tenantId, accessType, channelId } = input;
  let plan = await inTenantPlan(context, input, timing);
  if (plan.step === 'wait' && (await becomeCanary(context, plan.incident, channelId))) {
    plan = await inTenantPlan(context, input, timing);
  }
  if (plan.step === 'wait') return 'waiting';
  if (plan.step === 'stop') return plan.outcome;
  const answer = plan.step === 'send' ? await send(context, { ...plan, accessType }, timing) : plan.answer;
  if (typeof answer === 'string') return answer;
  const { oauthProvider, context: sent } = plan.credential;
  const oauth = oauthOf(context, accessType, oauthProvider);
  return settleAnswer(context, { tenantId, oauth, channelId, answer, sent });
}

async function inTenantPlan(context: Context, input: RefreshInput, timing: ExchangeTiming): Promise<Plan> {
  const now = await context.clock.now();
  return context.database.inTenant(input.tenantId, (tx) => planRefresh(context, tx, input, { timing, now }));
}

/** Settles what an earlier refresher left, or takes the lease and writes the attempt. */
async function planRefresh(
  context: Context,
  tx: Transaction,
  input: RefreshInput,
  { timing, now }: { timing: ExchangeTiming; now: Date },
): Promise<Plan> {
  const [{ channel, credential }, attempt, incidents] = await Promise.all([
    lockWithCredential(tx, input.channelId),
    findUnsettledAttempt(tx, input),
    findClientIncidents(tx, input.accessType),
  ]);
  if (!channel || !credential || isOneOf(LEFT, channel.status)) {
    return { step: 'stop', outcome: 'gone' };
  }
  const answer = attempt && storedAnswer(attempt);
  if (answer) return { step: 'answer', answer, credential };
  if (credential.version > input.version || credential.kind !== 'oauth') return { step: 'stop', outcome: 'refreshed' };
  if (credential.leaseUntil && credential.leaseUntil > now) return { step: 'stop', outcome: 'busy' };
  if (attempt) await settleLeft(tx, attempt, now);
  const { oauthProvider } = credential;
  const incident = canaryToWaitFor(context, incidents, { channel, oauthProvider, tried: 'credential' });
  if (incident) {
    await waitForCanary(tx, channel, { incident, credential, now });
    return { step: 'wait', incident };
  }
  return takeLease(tx, { channel, credential, timing, now });
}

/** Settles an attempt whose process is dead, or was stopped for so long that it will not send any more. */
async function settleLeft(tx: Transaction, attempt: RefreshAttemptRow, now: Date): Promise<void> {
  if (attempt.sentAt) await settleAttempt(tx, attempt.id, 'unknown');
  else await abandonAttempt(tx, attempt.id, now);
}

async function takeLease(
  tx: Transaction,
  given: { channel: ChannelRow; credential: CredentialRow; timing: ExchangeTiming; now: Date },
): Promise<Plan> {
  const { channel, credential, timing, now } = given;
  const probeAt = probeTime(credential, await findDoubt(tx, credential), now);
  // A person has been asked to sign in: another use of a token in doubt would not change that.
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

/** The answer as it is stored, or why there is none. */
async function send(
  context: Context,
  planned: PlannedRefresh,
  timing: ExchangeTiming,
): Promise<StoredAnswer | RefreshOutcome> {
  const { attemptId, credential } = planned;
  const sent = await sendRefresh(context, planned, timing);
  switch (sent.outcome) {
    case 'answered': {
      const { sealedAnswer, answeredAt } = sent;
      return { attemptId, version: credential.version, sealedAnswer, answeredAt };
    }
    case 'taken_over':
      return 'busy';
    case 'unanswered':
      if (!(sent.error instanceof ProviderError)) throw sent.error;
      await settleUnanswered(context, planned, sent.error.verdict, sent.isUnspent);
      return 'refused';
  }
}

/**
 * The network failed. An unspent token can be sent again; whether another one is spent is unknown, and the rotation
 * decides what the next refresh does.
 */
async function settleUnanswered(
  context: Context,
  { attemptId, credential }: PlannedRefresh,
  verdict: Verdict,
  isUnspent: boolean,
): Promise<void> {
  const { tenantId, channelId, version: credentialVersion } = credential;
  const settled = await inWakingTransaction(context, tenantId, async (waking) => {
    const { tx } = waking;
    const channel = await lockChannel(tx, channelId);
    if (!isUnspent) await settleAttempt(tx, attemptId, 'unknown');
    await releaseLease(tx, channelId, attemptId);
    return channel && settleRefusal(context, waking, channel, { credentialVersion, tried: 'credential', verdict });
  });
  if (settled) await followUp(context, settled);
}
