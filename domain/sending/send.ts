import type { Action } from '../verdict.ts';

/**
 * What became of a message. `not_sent`: the provider did not take it, and a repeated request tries again. `refused`: it
 * does not take this message. `unknown`: the message left, and no answer says whether the provider took it.
 */
export type SendState = 'started' | 'accepted' | 'refused' | 'not_sent' | 'unknown';

/** Why a message was not sent; each is the code of an API problem. */
export type NotSentCode =
  | 'send_not_granted'
  | 'send_refused'
  | 'reauth_required'
  | 'blocked'
  | 'disconnected'
  | 'rate_limited'
  | 'app_credentials_invalid'
  | 'provider_unavailable';

/** The end of a send, as its row keeps it beside the state. */
export interface SendOutcome {
  /** null where the provider took the message, or did not answer. */
  code: NotSentCode | null;
  /** For developers; it may name addresses of the message. */
  detail: string;
  action: Action;
  /** How long the provider asked us to wait; null: it did not say. */
  retryAfterMs: number | null;
  providerCode: string | null;
  /** The recipients that the provider refused, by address. */
  refusedRecipients: string[];
}

/** The end of a send. */
export type SendEnd =
  | { state: 'accepted'; refusedRecipients: string[] }
  | { state: 'unknown' }
  | ({ state: 'refused' | 'not_sent'; code: NotSentCode; detail: string } & Partial<
      Pick<SendOutcome, 'action' | 'retryAfterMs' | 'providerCode' | 'refusedRecipients'>
    >);

export function outcomeOf(end: SendEnd): SendOutcome {
  const blank = { code: null, detail: '', action: 'none', retryAfterMs: null, providerCode: null } as const;
  const { state: _, ...known } = { refusedRecipients: [], ...end };
  return { ...blank, ...known };
}
