import { newMessages } from '../message-factory.ts';
import type { RequestHandler } from 'express';
import type { FaultParameters } from '../conditions.ts';
import type {
  AccountDetails,
  AccountSummary,
  DeliveredMessage,
  DeliverRequest,
  EventDescription,
  HeldMessage,
  ProviderDeps,
  ProviderDescription,
  ProviderSettings,
  SandboxProvider,
  ServerDescription,
} from '../provider.ts';
import { SandboxRefusal } from '../refusal.ts';
import { AUTOCONFIG_PATH, autoconfigRoutes } from './autoconfig.ts';
import { MessageContent } from './mailbox/content.ts';
import { conditionFaults } from './faults.ts';
import type { Folder, MailAccount, SpecialUse, StoredMessage } from './mailbox/mailbox.ts';
import { canonicalFolder } from './wire/parser.ts';
import { Refusal } from './wire/reply.ts';
import { openImapServer, type RunningImapServer } from './server.ts';
import { openPasswordSmtp } from './smtp.ts';
import type { SubmissionServer } from '../smtp/server.ts';

const events: readonly EventDescription[] = [
  { fault: 'password_changed', label: 'Change the password', asks: 'password' },
  { fault: 'access_revoked', label: 'Withdraw the app password', asks: 'password' },
  { fault: 'session_revoked', label: 'Sign out everywhere' },
  { fault: 'uidvalidity_changed', label: 'Renumber all messages (new UIDVALIDITY)' },
];

const roles: Record<string, SpecialUse> = {
  sent: '\\Sent',
  'sent items': '\\Sent',
  drafts: '\\Drafts',
  trash: '\\Trash',
  'deleted items': '\\Trash',
  junk: '\\Junk',
  'junk email': '\\Junk',
  spam: '\\Junk',
  archive: '\\Archive',
};

/** A mail server with passwords: IMAP4rev1 and SMTP over STARTTLS, and IMAP over TLS from the first byte on another port. */
export async function createImapProvider(deps: ProviderDeps): Promise<SandboxProvider> {
  const server = await openImapServer(deps);
  return new ImapProvider(deps, server, await openPasswordSmtp(deps, server.store));
}

class ImapProvider implements SandboxProvider {
  readonly name = 'imap';
  readonly connection: Readonly<Record<string, string | number>>;
  readonly environment: Readonly<Record<string, string>>;
  readonly run: Readonly<Record<string, unknown>>;
  readonly caFile: string;
  readonly routes: RequestHandler;
  readonly #deps: ProviderDeps;
  readonly #server: RunningImapServer;
  readonly #smtp: SubmissionServer;

  constructor(deps: ProviderDeps, server: RunningImapServer, smtp: SubmissionServer) {
    this.#deps = deps;
    this.#server = server;
    this.#smtp = smtp;
    const { port, tlsPort, caFile } = server;
    this.connection = {
      host: '127.0.0.1',
      port,
      security: 'starttls',
      ca_file: caFile,
      tls_port: tlsPort,
      smtp_port: smtp.port,
    };
    this.environment = { IMAP_AUTOCONFIG_URL: `${deps.origin}${AUTOCONFIG_PATH}` };
    this.run = { imap: this.connection };
    this.caFile = caFile;
    this.routes = autoconfigRoutes(server, smtp.port);
  }

  putAccount(email: string, details: AccountDetails): AccountSummary {
    return this.#summary(this.#server.store.putAccount(email, details));
  }

  account(email: string): AccountSummary | undefined {
    const account = this.#server.store.account(email);
    return account && this.#summary(account);
  }

  deliver(email: string, request: DeliverRequest): readonly DeliveredMessage[] {
    const account = this.#known(email);
    if (request.unannounced) {
      throw new SandboxRefusal(
        422,
        'unsupported',
        'an IMAP server cannot hide a message: its UIDs are its change listing',
      );
    }
    const folder = folderFor(this.#server, account, canonicalFolder(request.folder ?? 'INBOX'));
    const messages = newMessages(email, request, this.#deps.clock.now()).map((spec) => ({
      content: new MessageContent({ spec }),
      flags: [],
      internalMs: Date.parse(spec.date),
    }));
    return this.#server.store.add(account, folder, messages).map((message) => delivered(folder, message));
  }

  list(email: string): readonly DeliveredMessage[] {
    const folders = [...this.#known(email).folders.values()];
    return folders.flatMap((folder) => folder.messages.map((message) => delivered(folder, message)));
  }

  *contents(email: string): Iterable<HeldMessage> {
    for (const folder of this.#known(email).folders.values()) {
      for (const { content, internalMs } of folder.messages) {
        yield { folder: folder.name, date: new Date(internalMs), bytes: content.bytes() };
      }
    }
  }

  remove(email: string, providerId: string): boolean {
    const account = this.#known(email);
    const [, name, uidValidity, uid] = /^(.+)\/(\d+)\/(\d+)$/s.exec(providerId) ?? [];
    const folder = account.folders.get(name ?? '');
    if (!folder?.message(Number(uid)) || folder.uidValidity !== Number(uidValidity)) return false;
    this.#server.store.expunge(account, folder, [Number(uid)]);
    return true;
  }

  event(fault: string, { email }: FaultParameters): void {
    const accounts = email === undefined ? this.#server.store.accounts() : [this.#known(email)];
    for (const account of accounts) happen(this.#server, fault, account);
  }

  supports(fault: string): 'event' | 'condition' | undefined {
    if (events.some((event) => event.fault === fault)) return 'event';
    return conditionFaults.some((condition) => condition === fault) ? 'condition' : undefined;
  }

  configure(settings: ProviderSettings): ProviderSettings {
    const named = Object.keys(settings)[0];
    if (named) throw new SandboxRefusal(422, 'unsupported', `an IMAP server with passwords has no ${named}`);
    return {};
  }

  describe(): ProviderDescription {
    const accounts = [...this.#server.store.accounts()].map((account) => this.#summary(account));
    return {
      title: 'IMAP',
      live: 'sessions',
      events,
      conditions: [...conditionFaults],
      accounts,
      server: serverOf(this.#server, this.#smtp),
    };
  }

  reset(): void {
    this.#server.hangUp(() => true, 'Server shutting down.');
    this.#server.store.reset();
  }

  close(): Promise<void> {
    return Promise.all([this.#server.close(), this.#smtp.close()]).then(() => undefined);
  }

  #known(email: string): MailAccount {
    const account = this.#server.store.account(email);
    if (!account) throw new SandboxRefusal(404, 'account_not_found', `there is no IMAP account ${email}`);
    return account;
  }

  #summary(account: MailAccount): AccountSummary {
    const { email, name, tenant, folders, password } = account;
    const messages = [...folders.values()].reduce((sum, folder) => sum + folder.messages.length, 0);
    return { email, name, tenant, messages, live: this.#server.openSessions(account), password };
  }
}

/** What a person types into a mail program, or into Mooring's form. */
function serverOf({ port, tlsPort, caFile }: RunningImapServer, smtp: SubmissionServer): ServerDescription {
  return [
    { label: 'Host', value: '127.0.0.1' },
    { label: 'Port for STARTTLS', value: String(port) },
    { label: 'Port for TLS', value: String(tlsPort) },
    { label: 'SMTP port (STARTTLS)', value: String(smtp.port) },
    { label: 'Certificate authority', value: caFile },
  ];
}

/** The folder of that name, or of that role under any name (`Spam` is `Junk` here); else a new one. */
function folderFor({ store }: RunningImapServer, account: MailAccount, name: string): Folder {
  const role = roles[name.toLowerCase()];
  const ofRole = role && [...account.folders.values()].find(({ specialUse }) => specialUse === role);
  try {
    return account.folders.get(name) ?? ofRole ?? store.createFolder(account, name);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new SandboxRefusal(400, 'folder_invalid', `no folder can be called ${JSON.stringify(name)}`);
  }
}

function delivered(folder: Folder, { uid, content }: StoredMessage): DeliveredMessage {
  return { message_id: content.messageId ?? '', provider_id: folder.placeOf(uid), folder: folder.name };
}

function happen(server: RunningImapServer, fault: string, account: MailAccount): void {
  const isTheirs = (other: MailAccount | null): boolean => other === account;
  switch (fault) {
    case 'password_changed':
    case 'access_revoked':
      // A withdrawn app password and a changed password are one and the same to a mail server.
      server.store.forgetPassword(account);
      server.hangUp(isTheirs, 'Disconnected: password has changed');
      break;
    case 'session_revoked':
      server.hangUp(isTheirs, 'Session expired, please login again.');
      break;
    case 'uidvalidity_changed':
      server.store.renumber(account);
  }
}
