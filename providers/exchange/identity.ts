import { isMailAddress, isSameAddress, normalAddress } from '../../domain/address.ts';
import type { Identity, SessionAccess } from '../contract.ts';
import { grantKeyOf } from '../grant-key.ts';
import type { ExchangeClient } from './client.ts';
import { folderIdIn } from './folders.ts';
import { exchangeServerKey } from './sign-in.ts';
import type { XmlNode } from './soap/node.ts';
import { isSuccess, refusalOf, unexpectedAnswer } from './soap/refusal.ts';
import { getFolders, resolveNames } from './soap/request.ts';

export type PasswordAccess = SessionAccess & { kind: 'password' };

/** The key in a connection's context of a mailbox that requests have to name. */
export const SHARED_MAILBOX = 'shared_mailbox';

/** A login at its server. */
export function loginIdOf({ username, server }: PasswordAccess): string {
  return `${normalAddress(username)}@${exchangeServerKey(server)}`;
}

/** A directory takes a name for a prefix: more matches than this are other people's. */
const MOST_RESOLVED = 5;

interface FoundMailbox {
  /** null: the server does not tell it. */
  address: string | null;
  isOwn: boolean;
}

/**
 * The identity of a login, which the server alone vouches for, and the mailbox to read: the wanted one if this login can read
 * it, else its own. The caller then names both. Requests name a mailbox unless it is the login's own.
 */
export async function identityOf(client: ExchangeClient, access: PasswordAccess): Promise<Omit<Identity, 'proved'>> {
  const { server, username, mailbox: wanted } = access;
  const { address, isOwn } = await findMailbox(client, access);
  const providerId = loginIdOf(access);
  // Only where no mailbox is wanted: it would pass for one that this login cannot read.
  const unproved = wanted === null ? access.email : username;
  return {
    account: { email: address ?? unproved, login: username, providerId },
    mailboxKey: normalAddress(address ?? username),
    serverKey: exchangeServerKey(server),
    vouchesForAddress: false,
    grantKey: grantKeyOf('exchange', '', providerId),
    context: isOwn || address === null ? {} : { [SHARED_MAILBOX]: address },
  };
}

/**
 * The mailbox that is read. An address is the login's own where the inbox behind it is: directories find other people too,
 * and an address may be one of many of a mailbox.
 */
async function findMailbox(client: ExchangeClient, access: PasswordAccess): Promise<FoundMailbox> {
  const { username, email, mailbox: wanted } = access;
  const isAddress = username.includes('@');
  if (isAddress && (wanted === null || isSameAddress(wanted, username))) return { address: username, isOwn: true };
  const likely = isAddress ? [] : [email, ...(await resolve(client, username))].filter(isMailAddress);
  const addresses = [...(wanted === null ? [] : [wanted]), ...likely];
  const [own = null, ...inboxes] = await readInboxes(client, [null, ...addresses]);
  const [asked = null] = inboxes;
  if (wanted !== null && asked !== null) return { address: wanted, isOwn: asked === own };
  const told = addresses.find((_address, index) => own !== null && inboxes[index] === own);
  return { address: isAddress ? username : (told ?? null), isOwn: true };
}

/** Addresses that the server's directory knows of a login. */
async function resolve(client: ExchangeClient, username: string): Promise<string[]> {
  const user = username.slice(username.indexOf('\\') + 1).toLowerCase();
  const { messages } = await client.ask(resolveNames(user), 'api');
  const found = messages[0]?.at('ResolutionSet')?.children ?? [];
  return found.slice(0, MOST_RESOLVED).flatMap((one) => one.textAt('Mailbox/EmailAddress') ?? []);
}

/** The ids of the inboxes, null for one that the login may not read. A mailbox of null is the login's own. */
async function readInboxes(client: ExchangeClient, mailboxes: readonly (string | null)[]): Promise<(string | null)[]> {
  const request = getFolders(mailboxes.map((mailbox) => ({ known: 'inbox', mailbox })));
  const { messages } = await client.ask(request, 'api');
  return mailboxes.map((_mailbox, index) => readableInbox(messages[index]));
}

/** Servers say in several ways that a login may not read a mailbox. */
const NOT_READABLE =
  /^Error(AccessDenied|FolderNotFound|ItemNotFound|NonExistentMailbox|MissingEmailAddress|MailboxGuidNotFound|InvalidSmtpAddress)$/;

function readableInbox(message: XmlNode | undefined): string | null {
  if (message === undefined) throw unexpectedAnswer('GetFolder', 'api', 'the answer lacks a folder');
  if (isSuccess(message)) return folderIdIn(message);
  const refusal = refusalOf('GetFolder', 'api', message);
  if (NOT_READABLE.test(refusal.verdict.providerCode ?? '')) return null;
  throw refusal;
}
