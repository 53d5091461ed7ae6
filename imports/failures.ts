import type { QuarantineReason } from '../db/imports/quarantine.ts';
import { ProviderError } from '../domain/verdict.ts';
import { ImportOvertaken } from './import-run.ts';

/** What a failed try of one message is blamed on. */
interface Blame {
  reason: QuarantineReason;
  code: string;
  /** The session is lost with it: nothing more can be asked in this one. */
  endsSession: boolean;
}

/** The provider's own code where it has given one, else our reason; never its words, which may quote the mail. */
export function failureCode(error: unknown): string {
  if (!(error instanceof ProviderError)) return 'unreadable';
  const { providerCode, reason, kind } = error.verdict;
  return providerCode ?? reason ?? kind;
}

/**
 * Whether a message that was fetched alone is to blame for `error`; null: it is not. A connection that breaks while this
 * one is fetched is its fault as far as anybody can tell: the session had been opened and had answered just before, and
 * three such breaks are needed. What the provider says of the account, the quota or the token is never a message's fault,
 * nor is what our own database says, unless it refuses the message's own values.
 */
export function blameOf(error: unknown): Blame | null {
  if (error instanceof ImportOvertaken) return null;
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

/** The code of an error of the database or of the way to it; null for every other error. */
function sqlStateOf(error: unknown): string | null {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string') return cause.code;
    if (cause.constructor.name === 'DrizzleQueryError' && cause.cause === undefined) return '';
  }
  return null;
}
