import type { Context } from '../context.ts';
import { lockChannel } from '../db/channels.ts';
import { findCredential } from '../db/credentials.ts';
import type { CredentialRow } from '../db/credentials.ts';
import type { Transaction } from '../db/client.ts';
import {
  abandonAttempt,
  findUnknownAttempt,
  findUnsettledAttempt,
  insertAttempt,
  releaseLease,
  settleAttempt,
} from '../db/refresh-attempts.ts';
import type { RefreshAttemptRow } from '../db/refresh-attempts.ts';
import type { AccessType } from '../domain/access-type.ts';
import { ProviderError } from '../domain/verdict.ts';
import { recordRefusal } from './outcomes.ts';
import { LEASE_MS, sendRefresh } from './refresh-request.ts';
import type { RefreshOutcome } from './refresh-answer.ts';
import { probeTime, takeAnswer } from './refresh-answer.ts';
import { parseRotation } from './rotation.ts';

export interface RefreshInput {
  tenantId: string;
  accessType: AccessType;
  channelId: string;
  /** The version whose token is to be refreshed: when a newer one is there already, nothing is sent. */
  version: number;
}

type Plan =
  | { step: 'stop'; outcome: RefreshOutcome }
  | { step: 'answer'; attempt: RefreshAttemptRow; credential: CredentialRow }
  | { step: 'send'; attemptId: string; credential: CredentialRow; probe: boolean };

/**
 * Refreshes a channel's access token (design.md section 7). Safe to call from anywhere, any number of times: one
 * transaction decides who sends, the intent is written before anything is sent, and an answer is sealed before it is
 * read.
 */
export async function refreshCredential(context: Context, input: RefreshInput): Promise<RefreshOutcome> {
  const now = await context.clock.now();
  const plan = await context.database.inTenant(input.tenantId, (tx) => planRefresh(tx, input, now));
  switch (plan.step) {
    case 'stop':
      return plan.outcome;
    case 'answer':
      return takeAnswer(context, { ...input, attemptId: plan.attempt.id, credential: plan.credential });
    case 'send':
      return send(context, input, plan);
  }
}

/** Step 1: settles what an earlier refresher left, or takes the lease and writes the intent. */
async function planRefresh(tx: Transaction, input: RefreshInput, now: Date): Promise<Plan> {
  const channel = await lockChannel(tx, input.channelId);
  const credential = await findCredential(tx, input.channelId);
  if (!channel || !credential || channel.status === 'disconnecting' || channel.status === 'disconnected') {
    return { step: 'stop', outcome: 'gone' };
  }
  if (credential.version > input.version || credential.kind !== 'oauth') return { step: 'stop', outcome: 'refreshed' };
  const attempt = await findUnsettledAttempt(tx, input.channelId, credential.version);
  if (attempt?.sealedAnswer) return { step: 'answer', attempt, credential };
  if (credential.leaseUntil && credential.leaseUntil > now) return { step: 'stop', outcome: 'busy' };
  return settleAndTake(tx, input, { credential, attempt, now });
}

async function settleAndTake(
  tx: Transaction,
  input: RefreshInput,
  { credential, attempt, now }: { credential: CredentialRow; attempt: RefreshAttemptRow | null; now: Date },
): Promise<Plan> {
  if (attempt && !attempt.sentAt) await abandonAttempt(tx, attempt.id, now);
  if (attempt?.sentAt) await settleAttempt(tx, attempt.id, 'unknown');
  const unknown = await findUnknownAttempt(tx, input.channelId, credential.version);
  const mayRepeat = !unknown || isRepeatable(credential, unknown, now);
  if (!mayRepeat && (unknown.probe || now < probeTime(credential))) return { step: 'stop', outcome: 'unknown' };
  const probe = !mayRepeat;
  const leaseUntil = new Date(now.getTime() + LEASE_MS);
  const { tenantId, channelId } = input;
  const attemptId = await insertAttempt(tx, {
    tenantId,
    channelId,
    version: credential.version,
    probe,
    now,
    leaseUntil,
  });
  return { step: 'send', attemptId, credential, probe };
}

/** Whether a token that was sent once without an answer may simply be sent again. */
function isRepeatable(credential: CredentialRow, unknown: RefreshAttemptRow, now: Date): boolean {
  const rotation = parseRotation(credential.rotation);
  switch (rotation.mode) {
    case 'none':
    case 'tolerant':
      return true;
    case 'grace': {
      const sentAt = (unknown.sentAt ?? unknown.startedAt).getTime();
      return now.getTime() < sentAt + (rotation.graceSeconds - 5) * 1000;
    }
    case 'strict':
    case 'unproven':
      return false;
  }
}

/** Steps 2 to 5: sends, keeps the answer, and stores what it brought. */
async function send(
  context: Context,
  input: RefreshInput,
  plan: Extract<Plan, { step: 'send' }>,
): Promise<RefreshOutcome> {
  const { attemptId, credential } = plan;
  const { tenantId, channelId } = input;
  try {
    const sent = await sendRefresh(context, { ...input, attemptId, credential });
    if (sent === 'taken_over') return 'busy';
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    await settleUnanswered(context, plan, input, error);
    const { verdict } = error;
    await recordRefusal(context, {
      tenantId,
      channelId,
      credentialVersion: credential.version,
      tried: 'credential',
      verdict,
    });
    return 'refused';
  }
  return takeAnswer(context, { ...input, attemptId, credential });
}

/** The network failed us: never sent → the token is unspent; else nobody knows, and the rotation decides next time. */
async function settleUnanswered(
  context: Context,
  { attemptId }: { attemptId: string },
  { tenantId, channelId }: RefreshInput,
  error: ProviderError,
): Promise<void> {
  const now = await context.clock.now();
  await context.database.inTenant(tenantId, async (tx) => {
    if (wasNeverSent(error)) await abandonAttempt(tx, attemptId, now);
    else await settleAttempt(tx, attemptId, 'unknown');
    await releaseLease(tx, channelId, attemptId);
  });
}

const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** No connection was made, so the provider cannot have seen the token. */
function wasNeverSent(error: ProviderError): boolean {
  return error.verdict.providerCode !== null && NEVER_SENT.has(error.verdict.providerCode);
}
