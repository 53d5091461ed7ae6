import type { ImapServer, SubmissionServer } from '../domain/server.ts';
import type { Identity, OAuthAdapter, SessionAccess } from './contract.ts';

/** How mailboxes of a provider are opened over IMAP with its access tokens, in place of a password. */
export interface ImapLogin {
  oauth: OAuthAdapter;
  server: ImapServer;
  /** The server that takes its mailboxes' mail with the same token; null: they are only read. */
  smtp: SubmissionServer | null;
  /** Asks at a sign-in whose token it is. Throws `ProviderError`. */
  findOwner(access: SessionAccess & { kind: 'token' }, signal: AbortSignal): Promise<TokenOwner>;
}

export interface TokenOwner {
  /** The mailboxes to try, the wanted one first: the last one is the login's own. */
  mailboxes: readonly [TokenMailbox, ...TokenMailbox[]];
  grantKey: string;
}

type TokenMailbox = Pick<Identity, 'account' | 'mailboxKey' | 'context' | 'vouchesForAddress'> & {
  /** The name that opens it. */
  username: string;
};
