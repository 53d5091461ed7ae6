import type { Request } from 'express';
import { accountKey } from '../../account-key.ts';
import type { AccountRow } from '../rows.ts';
import type { ExchangeStore } from '../store.ts';
import type { ConnectionState } from './connections.ts';
import { challengeTo, ntlmMessageType, readAuthenticate } from './ntlm.ts';

/** A password that a request offers, or the proof that its sender knows it. */
export interface OfferedLogin {
  readonly scheme: 'NTLM' | 'Basic';
  /** The account of the user that the login names; undefined where there is none. */
  readonly account: AccountRow | undefined;
  readonly knows: (password: string) => boolean;
  /** As `NtlmLogin.channelBinding`. */
  readonly channelBinding: Buffer | null;
}

/** The login state of a request. */
export type Presented =
  /** The connection is signed in already. */
  | { readonly kind: 'signed_in'; readonly account: AccountRow }
  /** `challenge`: in base64, the server's answer to the first message of NTLM; null: the request names no login. */
  | { readonly kind: 'unauthenticated'; readonly challenge: string | null }
  | { readonly kind: 'login'; readonly login: OfferedLogin };

const SAYS_NOTHING = { kind: 'unauthenticated', challenge: null } as const;

export function presentedBy(request: Request, state: ConnectionState, store: ExchangeStore): Presented {
  const [, scheme = '', token = ''] = /^(\S+) +(\S+)$/.exec(request.headers.authorization ?? '') ?? [];
  switch (scheme.toLowerCase()) {
    case 'ntlm':
      return ofNtlm(Buffer.from(token, 'base64'), state, store);
    case 'basic':
      return ofBasic(Buffer.from(token, 'base64').toString(), state, store);
    default: {
      const account = state.login?.scheme === 'NTLM' ? store.account(state.login.email) : undefined;
      return account ? { kind: 'signed_in', account } : SAYS_NOTHING;
    }
  }
}

function ofNtlm(message: Buffer, state: ConnectionState, store: ExchangeStore): Presented {
  if (ntlmMessageType(message) === 1) {
    state.login = null;
    state.handshake = challengeTo(message, store.deps.clock.now());
    return { kind: 'unauthenticated', challenge: state.handshake.challenge.toString('base64') };
  }
  const { handshake } = state;
  state.handshake = null;
  // An answer counts on the challenge's own connection alone.
  const login = handshake && readAuthenticate(message, handshake);
  if (!login) return SAYS_NOTHING;
  const account = store.accountOfLogin(login.user, login.domain);
  const { knows, channelBinding } = login;
  return { kind: 'login', login: { scheme: 'NTLM', account, knows, channelBinding } };
}

function ofBasic(text: string, state: ConnectionState, store: ExchangeStore): Presented {
  const colon = text.indexOf(':');
  const account = store.accountOfLogin(text.slice(0, colon), '');
  const given = text.slice(colon + 1);
  const knows = (password: string): boolean => password === given;
  const isKnown = account && state.login?.scheme === 'Basic' && state.login.email === accountKey(account.email);
  if (isKnown && account.password === given) return { kind: 'signed_in', account };
  return { kind: 'login', login: { scheme: 'Basic', account, knows, channelBinding: null } };
}
