import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';

import type { ProviderDeps, ProviderName } from '../provider.ts';
import type { OpenRequest, RequestKind } from '../request-log.ts';
import { ConnectionLimit, readCommand } from './wire/command-reader.ts';
import { Connection } from './connection.ts';
import { meetFaults } from './faults.ts';
import type { Folder, MailAccount, StoredMessage } from './mailbox/mailbox.ts';
import { CommandParser } from './wire/parser.ts';
import { BadCommand, Goodbye, Hangup, Refusal, statusText } from './wire/reply.ts';
import { SelectedFolder } from './mailbox/selected-folder.ts';
import type { MailStore } from './mailbox/store.ts';

/** What all sessions of the server share. */
export interface ImapServer {
  /** Whose requests and faults these are. */
  readonly provider: ProviderName;
  readonly capabilities: (encrypted: boolean, authenticated: boolean) => string;
  /** Where a mailbox is unavailable, the login says so; else the commands after it do. */
  readonly refusesLogins: boolean;
  readonly deps: ProviderDeps;
  readonly store: MailStore;
  readonly sessions: Set<Session>;
  readonly secureContext: SecureContext;
  readonly commands: ReadonlyMap<string, ImapCommand>;
}

/** The text of a command's tagged OK. */
export interface Completion {
  text: string;
  code?: string;
  /** Done once the answer has left. */
  afterwards?: () => Promise<void>;
}

export interface ImapCommand {
  /** Where it may be given (RFC 3501 section 3); `authenticated` includes a selected folder. */
  readonly state: 'any' | 'unauthenticated' | 'authenticated' | 'selected';
  /** Logged and broken as a request of kind `api`. LOGIN and AUTHENTICATE log themselves: they know whose it is. */
  readonly logged?: boolean;
  /** Message numbers may not shift while it is answered (RFC 3501 section 7.4.1). */
  readonly keepsNumbers?: boolean;
  run(session: Session, parser: CommandParser, name: string): Promise<Completion> | Completion;
}

const minuteMs = 60_000;
const bytesBeforeLogin = 16_384;
const bytesAfterLogin = 64 * 1_048_576;
const badCommandsBeforeBye = 20;

/** One client's dialogue, from the greeting to the end of the connection. */
export class Session {
  readonly server: ImapServer;
  readonly connection: Connection;
  account: MailAccount | null = null;
  selected: SelectedFolder | null = null;
  /** The client asked for mod-sequences (RFC 7162 section 3.1): unsolicited FETCHes carry them. */
  condstore = false;
  loggedOut = false;
  /** The tag of the command under way. */
  tag = '*';
  #request: OpenRequest | null = null;
  #cutAfterwards = false;
  #badCommands = 0;

  constructor(socket: Socket, server: ImapServer) {
    this.connection = new Connection(socket);
    this.server = server;
  }

  get state(): 'unauthenticated' | 'authenticated' | 'selected' {
    if (!this.account) return 'unauthenticated';
    return this.selected ? 'selected' : 'authenticated';
  }

  capabilities(): string {
    return this.server.capabilities(this.connection.encrypted, this.account !== null);
  }

  /** Serves the client until it is gone. Never rejects. */
  async run(): Promise<void> {
    this.server.sessions.add(this);
    try {
      this.connection.line(`* OK [CAPABILITY ${this.capabilities()}] Mooring sandbox IMAP ready.`);
      await this.connection.flush();
      while (!this.loggedOut && !this.connection.closed && (await this.#serveOne()));
      this.connection.end();
    } catch (error) {
      if (error instanceof ConnectionLimit) this.bye(error.message);
      else this.connection.destroy();
    } finally {
      this.server.sessions.delete(this);
    }
  }

  /** Ends the session from the server's side. */
  bye(why: string): void {
    if (this.connection.closed) return;
    this.connection.line(`* BYE ${why}`);
    this.connection.end();
  }

  /** Begins the log's line of the command under way; its answer ends it. */
  logRequest(kind: RequestKind, email: string, operation: string): void {
    this.#request = this.server.deps.requests.arrived(this.server.provider, kind, { email, operation });
  }

  /** @param message the one whose content is about to be sent */
  meetFaults(kind: 'login' | 'api', email: string, operation: string, message?: string): Promise<void> {
    return meetFaults(this.server, { kind, email, operation, message }, () => {
      this.#cutAfterwards = true;
      this.connection.mute();
    });
  }

  select(folder: Folder, readOnly: boolean): SelectedFolder {
    this.selected = new SelectedFolder(folder, readOnly);
    return this.selected;
  }

  /** The signed-in account; commands that need one are not run without. */
  get owner(): MailAccount {
    if (!this.account) throw new BadCommand('Please login first.');
    return this.account;
  }

  get folder(): SelectedFolder {
    if (!this.selected) throw new BadCommand('No mailbox selected.');
    return this.selected;
  }

  /** The folder to change messages in. @throws Refusal where it was only examined */
  writableFolder(): SelectedFolder {
    if (this.folder.readOnly) throw new Refusal('Mailbox is read-only.', 'READ-ONLY');
    return this.folder;
  }

  /** Says what happened in the selected folder since the client last heard. */
  tellUpdates(): void {
    for (const line of this.selected?.update((sequence, message) => this.#describe(sequence, message)) ?? []) {
      this.connection.line(line);
    }
  }

  /** The client's next line, within half an hour (RFC 3501 section 5.4), or null once it is gone. */
  readLine(): Promise<Buffer | null> {
    return this.#patiently(() => this.connection.reader.readLine());
  }

  async #serveOne(): Promise<boolean> {
    const bytes = await this.#patiently(() =>
      readCommand(this.connection.reader, this.account ? bytesAfterLogin : bytesBeforeLogin, async () => {
        this.connection.line('+ OK');
        await this.connection.flush();
      }),
    );
    if (!bytes) return false;
    if (bytes.length > 0) await this.#execute(new CommandParser(bytes));
    return true;
  }

  async #execute(parser: CommandParser): Promise<void> {
    this.tag = '*';
    let afterwards: (() => Promise<void>) | undefined;
    this.#request = null;
    try {
      this.tag = readTag(parser);
      const name = readName(parser);
      const command = this.#findCommand(name);
      if (command.logged) {
        this.logRequest('api', this.owner.email, name);
        await this.meetFaults('api', this.owner.email, name);
      }
      const done = await command.run(this, parser, name);
      if (!command.keepsNumbers && !this.loggedOut) this.tellUpdates();
      this.#answer(`${this.tag} OK ${statusText(done.text, done.code ?? null)}`, 200);
      ({ afterwards } = done);
      this.#badCommands = 0;
    } catch (error) {
      this.#answerError(error);
    }
    await this.connection.flush();
    await afterwards?.();
    if (this.#cutAfterwards) this.connection.destroy();
  }

  #findCommand(name: string): ImapCommand {
    const command = this.server.commands.get(name);
    if (!command) throw new BadCommand(`Unknown command ${name}.`);
    const { state } = command;
    if (state === 'unauthenticated' && this.account) throw new BadCommand('Already logged in.');
    if ((state === 'authenticated' || state === 'selected') && !this.account)
      throw new BadCommand('Please login first.');
    if (state === 'selected' && !this.selected) throw new BadCommand('No mailbox selected.');
    return command;
  }

  /** Logged first: an answer that left is one that the log knows. */
  #answer(line: string, httpStatus: number): void {
    if (!this.#cutAfterwards) this.#request?.answered(httpStatus);
    this.connection.line(line);
  }

  #answerError(error: unknown): void {
    if (error instanceof Hangup) {
      this.connection.write(error.bytes);
      this.loggedOut = true;
    } else if (error instanceof Goodbye) {
      this.#request?.answered(error.httpStatus);
      this.bye(error.message);
    } else if (error instanceof Refusal) {
      this.#answer(
        `${this.tag} NO ${statusText(error.message, error.code)}`,
        error.httpStatus ?? (this.account ? 400 : 401),
      );
    } else if (error instanceof BadCommand) {
      this.#answer(`${this.tag} BAD ${error.message}`, error.httpStatus);
      if (++this.#badCommands >= badCommandsBeforeBye) this.bye('Too many invalid IMAP commands.');
    } else if (error instanceof ConnectionLimit) {
      throw error;
    } else {
      // A mistake of the sandbox itself (or a full disk): nothing was done, and the client's log shall say why.
      this.#answer(`${this.tag} NO [SERVERBUG] ${String(error).replace(/\s+/g, ' ')}`, 500);
    }
  }

  #describe(sequence: number, message: StoredMessage): string {
    const flags = `FLAGS (${message.flags.join(' ')})`;
    const items = this.condstore ? `UID ${message.uid} ${flags} MODSEQ (${message.modseq})` : flags;
    return `* ${sequence} FETCH (${items})`;
  }

  async #patiently<T>(wait: () => Promise<T>): Promise<T> {
    const timer = setTimeout(() => this.bye('Disconnected for inactivity.'), (this.account ? 30 : 3) * minuteMs);
    timer.unref();
    try {
      return await wait();
    } finally {
      clearTimeout(timer);
    }
  }
}

function readTag(parser: CommandParser): string {
  return parser.word(isTagByte, 'a tag');
}

function isTagByte(byte: number): boolean {
  return byte > 0x20 && byte < 0x7f && !'(){%*"\\+'.includes(String.fromCharCode(byte));
}

function readName(parser: CommandParser): string {
  parser.space();
  const name = parser.keyword();
  if (name !== 'UID') return name;
  parser.space();
  return `UID ${parser.keyword()}`;
}
