import type { ChannelRow } from '../db/channels/channels.ts';
import type { CredentialState } from '../db/credentials/credentials.ts';
import type { NamedAccount } from '../db/schema/links.ts';
import type { AccessType, ProviderName } from '../domain/access-type.ts';
import { isSameAddress } from '../domain/address.ts';
import { nameOfServer } from '../domain/server.ts';
import type { Server } from '../domain/server.ts';
import type { Identity } from '../providers/contract.ts';
import { failure, serverOf } from './sign-in.ts';
import type { Failure, SignIn } from './sign-in.ts';

/** How a sign-in relates to a channel's account and the way to it: the same, or what of it is another. */
export type Likeness = 'same' | 'other_server' | 'other_login' | 'other_access' | 'other';

/** Of the credential that a channel has: whose authorization server it is; null: a password's, or not known. */
export type KeptAccess = Pick<CredentialState, 'oauthProvider'>;

/** The part of a sign-in that is compared with a channel. */
interface Arrival {
  accessType: AccessType;
  /** Whose authorization server gave the tokens; null: a password. */
  issuer: ProviderName | null;
  identity: Identity;
}

/**
 * A provider that vouches for the mailbox decides by its own id of the login, because an address can be given to another
 * person. A password is vouched for by its server alone: the same login at another server is another account. What is
 * reached in another way is compared by `connections/change/same-mailbox.ts`.
 */
export function compareAccount(channel: ChannelRow, kept: KeptAccess | null, arrival: Arrival): Likeness {
  const { account, mailboxKey, serverKey, readsAlike } = arrival.identity;
  if (isOtherAccess(channel, kept, arrival)) return 'other_access';
  const isMailbox = isMailboxOf(channel, mailboxKey);
  if (serverKey === null) {
    // A delegate who can no longer read the shared mailbox signs in at a mailbox of their own.
    const isDelegate = !isSameAddress(channel.accountLogin, channel.accountEmail);
    const isLogin =
      account.providerId === channel.accountProviderId && (mailboxKey === channel.mailboxKey || !isDelegate);
    if (isLogin || (channel.kind === 'shared' && mailboxKey === channel.mailboxKey)) return 'same';
    return readsAlike?.(channel.mailboxKey) ? 'other_login' : 'other';
  }
  if (serverKey === channel.serverKey) return isMailbox ? 'same' : 'other_login';
  return isMailbox || isSameAddress(account.email, channel.accountEmail) ? 'other_server' : 'other';
}

/** Another access type, a token in place of a password, or the token of another authorization server. */
function isOtherAccess(
  channel: ChannelRow,
  kept: KeptAccess | null,
  { accessType, issuer, identity }: Arrival,
): boolean {
  if (accessType !== channel.accessType) return true;
  const hasServer = channel.server !== null || channel.serverKey !== '';
  if (hasServer !== (identity.serverKey !== null)) return true;
  return issuer !== null && kept !== null && kept.oauthProvider !== null && kept.oauthProvider !== issuer;
}

/** The same of a sign-in that is proved. */
export const likenessOf = (channel: ChannelRow, kept: KeptAccess | null, { accessType, credential, proof }: SignIn) =>
  compareAccount(channel, kept, {
    accessType,
    issuer: credential.kind === 'oauth' ? credential.provider : null,
    identity: proof.identity,
  });

/** Whether it is the channel's own. The second of two channels that an earlier release made of one has its id in the key. */
export function isMailboxOf(channel: ChannelRow, mailboxKey: string): boolean {
  return channel.mailboxKey === mailboxKey || channel.mailboxKey === `${mailboxKey} ${channel.id}`;
}

/** The key of a sign-in's account, as channels have it. */
export function accountKeyOf({ tenantId, accessType, proof }: Pick<SignIn, 'tenantId' | 'accessType' | 'proof'>) {
  const { mailboxKey, serverKey } = proof.identity;
  return { tenantId, accessType, mailboxKey, serverKey: serverKey ?? '' };
}

export interface AccountMismatch {
  expected: NamedAccount;
  received: NamedAccount;
}

/** Both accounts by name; with their servers where a server is what vouches for one of them. */
export function namesOf(channel: ChannelRow, { credential, proof }: SignIn): AccountMismatch {
  const { account } = proof.identity;
  const server = serverOf(credential);
  if (!server && !channel.server) {
    return { expected: { email: channel.accountEmail }, received: { email: account.email } };
  }
  return {
    expected: named(channel.accountEmail, channel.accountLogin, channel.server),
    received: named(account.email, account.login, server),
  };
}

const named = (email: string, login: string, server: Server | null): NamedAccount => ({
  email,
  login,
  ...(server ? { server: nameOfServer(server) } : {}),
});

/** As a sentence names it. */
function inWords({ email, login, server }: NamedAccount): string {
  return server ? `${login ?? email} at ${server}` : email;
}

export function mismatch({ expected, received }: AccountMismatch): Failure {
  const detail = `You signed in as ${inWords(received)}, but this channel belongs to ${inWords(expected)}. Nothing was changed.`;
  return { ...failure('account_mismatch', detail), expected, received };
}
