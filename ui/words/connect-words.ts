import type { Problem } from '../data/client.ts';
import { failureWords } from '../../domain/words/sign-in-failures.ts';
import type { FailureWords } from '../../domain/words/sign-in-failures.ts';

/** A link's failed result, or the problem that the password form was answered with. */
export type Failure = Pick<Problem, 'code' | 'detail'> &
  Partial<Pick<Problem, 'expected' | 'received' | 'display_message' | 'errors'>>;

const FIELD_WORDS = {
  username: 'Enter the user name, usually the email address; it has 320 characters at most.',
  password: 'Enter the password; it has 2,000 characters at most.',
  host: 'Enter the name of the server alone, such as imap.example.com: no “https://”, no path, and the port in its own field.',
  port: 'A port is a whole number from 1 to 65535; mail servers use 993 (TLS) or 143 (STARTTLS).',
  security: 'Choose TLS or STARTTLS.',
} as const;
const FIELDS = Object.keys(FIELD_WORDS) as (keyof typeof FIELD_WORDS)[];

/**
 * What a failed sign-in means, in words, and where to mend it. The code is shown beside it.
 * @param provider who runs the account, as a sentence names it
 */
export function describeFailure(failure: Failure, provider: string): FailureWords {
  if (failure.code === 'account_mismatch') return mismatch(failure);
  const known = failureWords(failure.code, provider);
  // Also said of a channel that was disconnected since; only the server knows which.
  if (failure.code === 'link_expired' && known && failure.detail) return { ...known, sentence: failure.detail };
  if (known) return known;
  const field = FIELDS.find((one) => failure.errors?.some(({ path }) => path === one)) ?? null;
  if (field !== null) return { title: 'Please check what you entered', sentence: FIELD_WORDS[field], field };
  return {
    title: 'That did not work',
    sentence: failure.display_message ?? (failure.detail || 'The reason is not known.'),
    field: null,
  };
}

function mismatch(failure: Failure): FailureWords {
  const [received, expected] = [failure.received, failure.expected].map((account) => accountInWords(account));
  return {
    title: 'That was a different account',
    sentence: `You signed in as ${received}, this channel belongs to ${expected}. Nothing was changed.`,
    // The sentence is about the whole attempt: at a provider's page there was no field.
    field: null,
  };
}

/** A password's account is its login at its server: the same login at another server is another account. */
function accountInWords(account: Failure['expected']): string {
  if (!account) return 'another account';
  return account.server ? `${account.login ?? account.email} at ${account.server}` : account.email;
}
