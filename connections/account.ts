import type { ChannelRow } from '../db/channels/channels.ts';
import type { NamedAccount } from '../db/schema/links.ts';
import { isSameAddress } from '../domain/address.ts';
import { nameOfServer } from '../domain/server.ts';
import type { Server } from '../domain/server.ts';
import type { Identity } from '../providers/contract.ts';
import { failure, serverOf } from './sign-in.ts';
import type { Failure, SignIn } from './sign-in.ts';

/** How a sign-in's account relates to a channel's. */
export type Likeness = 'same' | 'other_server' | 'other';

/**
 * A provider that vouches for the mailbox decides by its own id of the login, because an address can be given to another
 * person. A password is vouched for by its server alone: the same login at another server is another account, and nothing
 * vouches for it at a channel of a provider.
 */
export function compareAccount(channel: ChannelRow, { account, mailboxKey, serverKey }: Identity): Likeness {
  if (serverKey === null) {
    if (channel.server !== null) return 'other';
    const isMailbox = mailboxKey === channel.mailboxKey;
    // A delegate who can no longer read the shared mailbox signs in at a mailbox of their own.
    const isDelegate = !isSameAddress(channel.accountLogin, channel.accountEmail);
    const isLogin = account.providerId === channel.accountProviderId && (isMailbox || !isDelegate);
    return isLogin || (channel.kind === 'shared' && isMailbox) ? 'same' : 'other';
  }
  const isLogin = isMailboxOf(channel, mailboxKey);
  if (serverKey === channel.serverKey) return isLogin ? 'same' : 'other';
  return isLogin || isSameAddress(account.email, channel.accountEmail) ? 'other_server' : 'other';
}

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
