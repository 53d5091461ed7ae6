import type { SendRow } from '../../../db/sending/sends.ts';
import type { SendOutcome } from '../../../domain/sending/send.ts';
import { Problem } from '../../http/problem.ts';

/** The Retry-After of a send that is still under way. */
const AGAIN_S = 5;
const LONGEST_RETRY_AFTER_S = 3_600;

export interface SendAnswerBody {
  message_id: string;
  accepted_at: string;
  refused_recipients: string[];
}

/** The answer of a settled send and of every repetition. Throws `Problem` where the provider did not take the message. */
export function answerOf(send: SendRow): SendAnswerBody {
  const { state, messageId, settledAt, outcome } = send;
  if (state === 'accepted' && settledAt !== null) {
    const refused_recipients = outcome?.refusedRecipients ?? [];
    return { message_id: messageId, accepted_at: settledAt.toISOString(), refused_recipients };
  }
  if (state === 'unknown') {
    const detail = `The message ${messageId} left, and no answer says whether the provider took it; this key sends nothing again`;
    throw new Problem('send_outcome_unknown', detail);
  }
  if (state === 'started' || outcome === null) throw inProgress(send);
  throw problemOf(outcome);
}

/** The problem of a send that goes on; a server may take 10 minutes after the last octet of a message. */
export function inProgress({ transmittedAt }: Pick<SendRow, 'transmittedAt'>): Problem {
  const detail =
    transmittedAt === null
      ? 'The message is being sent; ask again with the same key'
      : 'The message has left, and the provider has not answered yet, for which it may take 10 minutes; ask again with the same key';
  return new Problem('send_in_progress', detail, { retryAfterSeconds: AGAIN_S });
}

function problemOf({ code, detail, action, retryAfterMs, providerCode, refusedRecipients }: SendOutcome): Problem {
  const waitS = retryAfterMs === null ? AGAIN_S : Math.min(LONGEST_RETRY_AFTER_S, Math.ceil(retryAfterMs / 1_000));
  const known = code ?? 'provider_unavailable';
  const isForLater = ['rate_limited', 'provider_unavailable', 'app_credentials_invalid'].includes(known);
  const named = refusedRecipients.map((address) => ({
    in: 'body' as const,
    path: 'To',
    message: `${address} was refused`,
  }));
  return new Problem(known, detail, {
    provider_code: providerCode,
    ...(action === 'none' ? {} : { action }),
    ...(isForLater ? { retryAfterSeconds: Math.max(1, waitS) } : {}),
    ...(named.length === 0 ? {} : { errors: named }),
  });
}
