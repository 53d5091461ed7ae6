import { FAILURES } from '../../../domain/words/sign-in-failures.ts';
import type { FailureCode, FailureWords, FormField } from '../../../domain/words/sign-in-failures.ts';
import type { Problem } from '../../data/client.ts';
import { fill } from './fill.ts';
import type { Parts } from './fill.ts';
import type { ConnectWords } from './shape.ts';

/** A link's failed result, or the problem that the password form was answered with. */
export type Failure = Pick<Problem, 'code' | 'detail'> &
  Partial<Pick<Problem, 'expected' | 'received' | 'page' | 'service' | 'alternative' | 'display_message' | 'errors'>>;

const FIELDS = ['username', 'password', 'host', 'port', 'security'] as const satisfies FormField[];

/**
 * What a failed sign-in means, in words, and where to mend it. The code is shown beside it.
 * @param parts `provider`, `at` and `product`
 */
export function describeFailure(words: ConnectWords, failure: Failure, parts: Parts): FailureWords {
  const { code, errors } = failure;
  if (isKnown(code)) {
    const { title, sentence } = words.failures[code];
    const said = { title: fill(title, parts), sentence: fill(sentence, parts) };
    if (failure.service === undefined) return { ...said, field: FAILURES[code].field };
    return { ...said, sentence: fill(words.form.smtpFailed, { sentence: said.sentence }), field: 'smtp' };
  }
  const field = FIELDS.find((one) => errors?.some(({ path }) => path === one)) ?? null;
  if (errors?.some(({ path }) => path.startsWith('smtp'))) {
    return { title: words.form.check, sentence: words.form.fields.host, field: 'smtp' };
  }
  if (field !== null) return { title: words.form.check, sentence: words.form.fields[field], field };
  return { ...words.failed.unknown, field: null };
}

const isKnown = (code: string): code is FailureCode => Object.hasOwn(FAILURES, code);

/** The two accounts of a mismatch. A password's account is its login at its server. */
export function accountsOf(
  words: ConnectWords,
  { expected, received }: Failure,
): { expected: string; received: string } {
  return { expected: accountInWords(words, expected), received: accountInWords(words, received) };
}

function accountInWords({ mismatch }: ConnectWords, account: Failure['expected']): string {
  if (!account) return mismatch.anotherAccount;
  const { email, login = email, server } = account;
  return server ? fill(mismatch.loginAtServer, { login, server }) : email;
}
