import type { QuarantineReason } from '../db/imports/quarantine.ts';
import { PartRefused, ProviderError } from '../domain/verdict.ts';
import { MessagesWithheld } from './fetching/witness.ts';
import { ImportOvertaken } from './import-run.ts';

/** The cause of a failed try of one message. */
interface Blame {
  reason: QuarantineReason;
  code: string;
  /** The session is lost too: it accepts no further call. */
  endsSession: boolean;
}

/** The provider's code, or our reason without one; never its words, which may quote the mail. */
export function failureCode(error: unknown): string {
  if (!(error instanceof ProviderError)) return 'unreadable';
  const { providerCode, reason, kind } = error.verdict;
  return providerCode ?? reason ?? kind;
}

/**
 * Whether a message that was fetched alone caused `error`; null: it did not. A connection that breaks during the fetch
 * counts against the message: the session had just been opened and had answered, and three such breaks are needed. A
 * verdict about account, quota or token never counts against a message, nor does an error of our database, unless the
 * database refuses the message's own values.
 */
export function blameOf(error: unknown): Blame | null {
  if (error instanceof ImportOvertaken || error instanceof MessagesWithheld || error instanceof PartRefused)
    return null;
  if (error instanceof ProviderError) {
    const { kind, reason, tokenRefused, retryAfterMs } = error.verdict;
    const broke = kind === 'transient' && !tokenRefused && retryAfterMs === null;
    if (!broke || (reason !== 'network' && reason !== 'provider_unavailable')) return null;
    return { reason: 'unfetchable', code: failureCode(error), endsSession: true };
  }
  const sqlState = sqlStateOf(error);
  if (sqlState !== null && !sqlState.startsWith(DATA_EXCEPTION)) return null;
  return { reason: 'unparseable', code: 'unreadable', endsSession: false };
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const DATA_EXCEPTION = '22';

/** The code of an error of the database or of its connection; null for every other error. */
function sqlStateOf(error: unknown): string | null {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string') return cause.code;
  }
  return null;
}
