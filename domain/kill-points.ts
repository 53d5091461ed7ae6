/**
 * The steps of a one-time exchange (`credentials/one-time-exchange.ts`) after each of which a process may die. A
 * refresh and an adoption take the same steps.
 */
const EXCHANGE_STEPS = [
  /** The row is written with a lease; nothing is sent. */
  'planned',
  /** The connection stands and the row is marked as sent; nothing is written to the socket. */
  'marked',
  /** The socket has taken the request; whether the provider read it is unknown. */
  'written',
  /** The whole answer is in memory and nowhere else. */
  'received',
  /** The answer is sealed in its row; not read yet. */
  'sealed',
  /** The outcome is committed; no workflow is signalled and no request is answered. */
  'settled',
] as const;

/** The two exchanges that send a refresh token which the provider may take only once. */
export type ExchangeName = 'refresh' | 'adoption';

const stepsOf = <N extends ExchangeName>(name: N) => EXCHANGE_STEPS.map((step) => `${name}.${step}` as const);

/**
 * Where a test stops a process. test/credentials/kill.test.ts, test/connections/sign-in-kill.test.ts,
 * adoption-kill.test.ts, change-kill.test.ts and test/sending/send.test.ts stop one at each. A sign-in begins in api/connect/callback.ts; an adoption whose answer is
 * sealed and a password join it at `sign_in.admitted` (connections/complete-sign-in.ts).
 */
export const KILL_POINTS = [
  ...stepsOf('refresh'),
  /** The outcome of a refresh is written, in a transaction that has not committed. */
  'refresh.settling',
  ...stepsOf('adoption'),
  /** A callback's `state` is used up; its code is not sent. */
  'sign_in.consumed',
  /** The code is spent; the tokens are in memory and nowhere else. */
  'sign_in.exchanged',
  /** The provider accepted the login; the account is not identified yet. */
  'sign_in.admitted',
  /** The credential is proved; nothing is stored. */
  'sign_in.proved',
  /** The outcome is written, in a transaction that has not committed. */
  'sign_in.settling',
  /** The outcome is committed; no workflow is signalled. */
  'sign_in.settled',
  /** The way back to a former access is written, in a transaction that has not committed. */
  'revert.settling',
  /** The way back is committed; no workflow is signalled. */
  'revert.settled',
  /** The end of a former access is decided, and its grant is not revoked. */
  'rest.decided',
  /** The grant is revoked, and the row of the former access still there. */
  'rest.revoked',
  /** A notice says that its mail is being sent; nothing is sent. */
  'mail.planned',
  /** The mail server took the mail; that is not committed. A repetition sends it twice, under one Message-ID. */
  'mail.taken',
  /** A send says that its message leaves; nothing is written. A repetition sends nothing. */
  'send.marked',
  /** The provider took the message; that is not committed. */
  'send.taken',
] as const;
export type KillPoint = (typeof KILL_POINTS)[number];
