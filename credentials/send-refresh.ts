import type { Context } from '../runtime/context.ts';
import type { Binding } from '../crypto/vault.ts';
import type { CredentialRow } from '../db/credentials/credentials.ts';
import {
  abandonAttempt,
  markAttemptSent,
  releaseLease,
  renewLease,
  storeAttemptAnswer,
} from '../db/credentials/refresh-attempts.ts';
import type { AccessType } from '../domain/access-type.ts';
import { openSecret } from './access.ts';
import { oauthOf } from './oauth.ts';
import { exchangeOnce, whileRenewing } from './one-time-exchange.ts';
import type { Exchanged, ExchangeRow, ExchangeTiming } from './one-time-exchange.ts';

export const REFRESH_TIMING: ExchangeTiming = {
  leaseMs: 15_000,
  renewEveryMs: 5_000,
  maxPauseMs: 5_000,
  tokenTimeoutMs: 60_000,
};

/** Beside the time limit of the call: the answer is sealed and stored. */
const STORED_WITHIN_MS = 60_000;

/** A token that was sent after this may still be answered; one that was sent before is not. */
export const answersSince = (now: Date) => new Date(now.getTime() - REFRESH_TIMING.tokenTimeoutMs - STORED_WITHIN_MS);

/** A refresh whose attempt is written, and whose lease is taken. */
export interface PlannedRefresh {
  accessType: AccessType;
  attemptId: string;
  credential: CredentialRow;
}

/** The one-time exchange of a refresh: its row is the attempt, and the lease stands in the row of the credential. */
export function sendRefresh(
  context: Context,
  { accessType, attemptId, credential }: PlannedRefresh,
  timing: ExchangeTiming,
): Promise<Exchanged> {
  const { tenantId, channelId, version } = credential;
  const exchange = {
    name: 'refresh' as const,
    tenantId,
    timing,
    row: rowOf(channelId, attemptId),
    binding: answerBinding({ tenantId, channelId, version }),
    about: { channelId },
    request: async (signal: AbortSignal, beforeWriting: () => Promise<void>) => {
      const token = await openSecret(context, credential);
      const oauth = oauthOf(context, accessType, credential.oauthProvider);
      const { context: connection, claims } = credential;
      const grant = { token, context: connection, ...(claims === null ? {} : { claims }) };
      return oauth.refreshRequest(grant, signal, beforeWriting);
    },
  };
  return whileRenewing(context, exchange, () => exchangeOnce(context, exchange));
}

function rowOf(channelId: string, attemptId: string): ExchangeRow {
  return {
    renew: (tx, leaseUntil) => renewLease(tx, channelId, attemptId, leaseUntil),
    markSent: (tx, now) => markAttemptSent(tx, attemptId, now),
    storeAnswer: (tx, answer) => storeAttemptAnswer(tx, attemptId, answer),
    async withdraw(tx, now) {
      await abandonAttempt(tx, attemptId, now);
      await releaseLease(tx, channelId, attemptId);
    },
  };
}

/** What the answer to the refresh token of `version` is bound to. */
export function answerBinding({
  tenantId,
  channelId,
  version,
}: Pick<CredentialRow, 'tenantId' | 'channelId' | 'version'>): Binding {
  return { tenant: tenantId, owner: channelId, kind: 'token_answer', version };
}
