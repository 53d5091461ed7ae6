/**
 * The steps between which a process may die, in the code's order: of a refresh (credentials/refresh.ts and its parts),
 * and of a sign-in (api/connect/callback.ts or adopt.ts, then connections/complete-sign-in.ts, where the password form comes
 * in too). test/credentials/kill.test.ts, sign-in-kill.test.ts and adoption-kill.test.ts stop a process at each.
 */
export const KILL_POINTS = [
  /** The lease is taken and the intent written; nothing is sent. */
  'refresh.planned',
  /** The connection stands and the attempt is marked as sent; nothing is written. */
  'refresh.marked',
  /** The socket has taken the request; whether the provider read it is unknown. */
  'refresh.written',
  /** The whole answer is in memory and nowhere else. */
  'refresh.answered',
  /** The answer is sealed in its row; not read yet. */
  'refresh.sealed',
  /** Its outcome is written, in a transaction that has not committed. */
  'refresh.settling',
  /** Committed; no signal has been sent. */
  'refresh.settled',
  /** A callback's `state` is used up; its code has not been sent. */
  'sign_in.consumed',
  /** The code is spent, and what it bought is in memory and nowhere else. */
  'sign_in.exchanged',
  /** An adoption is written down; nothing is sent. */
  'adoption.written',
  /** The connection stands and the adoption is marked as sent; nothing is written. */
  'adoption.sent',
  /** The whole answer is in memory and nowhere else. */
  'adoption.received',
  /** The answer is sealed in its row; not read yet. */
  'adoption.answered',
  /** The provider accepted the login; the account is not identified yet. */
  'sign_in.admitted',
  /** A person's credential has been proved; nothing is stored. */
  'sign_in.proved',
  /** All of it is written, in a transaction that has not committed. */
  'sign_in.storing',
  /** Committed; the workflow has not been signalled. */
  'sign_in.stored',
] as const;
export type KillPoint = (typeof KILL_POINTS)[number];
