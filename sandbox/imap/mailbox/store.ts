import { EventEmitter } from 'node:events';
import { join } from 'node:path';

import type { SandboxClock } from '../../clock.ts';
import { openJournal } from '../../journal.ts';
import type { AccountDetails } from '../../provider.ts';
import { MessageContent } from './content.ts';
import { type Folder, initialFolders, type MailAccount, type SpecialUse, type StoredMessage } from './mailbox.ts';
import { Refusal } from '../wire/reply.ts';
import { type Accounts, applyEntry, type MessageRecord, snapshot, type StoreEntry, toRecord } from './store-entry.ts';

export interface NewMessage {
  content: MessageContent;
  flags: readonly string[];
  internalMs: number;
}

interface StoreEvents {
  /** Something changed in a folder: sessions that look at it have news. */
  changed: [folder: Folder];
  /** The folder is gone, or its UIDs are void: sessions that look at it cannot go on. */
  lost: [folder: Folder, why: string];
}

/** Every account with its folders and messages. Each method's effect is on disk when it returns. */
export class MailStore extends EventEmitter<StoreEvents> {
  readonly #accounts: Accounts = new Map();
  readonly #journal;
  readonly #clock: SandboxClock;

  /** @param directory null: in memory, for mailboxes that another server keeps */
  constructor(directory: string | null, clock: SandboxClock) {
    super({});
    this.setMaxListeners(0);
    this.#clock = clock;
    this.#journal =
      directory === null
        ? null
        : openJournal<StoreEntry>(join(directory, 'imap.jsonl'), {
            replay: (entry) => applyEntry(this.#accounts, entry),
            snapshot: () => snapshot(this.#accounts),
          });
  }

  /** Logins are compared without regard to case. */
  account(email: string): MailAccount | undefined {
    return this.#accounts.get(email.toLowerCase());
  }

  accounts(): Iterable<MailAccount> {
    return this.#accounts.values();
  }

  now(): number {
    return this.#clock.now().getTime();
  }

  /** Creates the account with the usual folders, or sets what is given. */
  putAccount(email: string, details: AccountDetails): MailAccount {
    const key = email.toLowerCase();
    const existing = this.account(key);
    const password = details.password ?? existing?.password ?? null;
    const name = details.name ?? existing?.name ?? null;
    const tenant = details.tenant ?? existing?.tenant ?? null;
    const entries: StoreEntry[] = [{ op: 'account', email: key, password, name, tenant }];
    const uidValidity = this.#nextUidValidity(existing);
    if (!existing) {
      for (const [folder, specialUse] of initialFolders) entries.push(newFolder(key, folder, specialUse, uidValidity));
    }
    this.#commit({ op: 'several', entries });
    return this.account(key) as MailAccount;
  }

  /** After this nothing signs in until a new password is set. */
  forgetPassword(account: MailAccount): void {
    const { email, name, tenant } = account;
    this.#commit({ op: 'account', email, password: null, name, tenant });
  }

  createFolder(account: MailAccount, name: string): Folder {
    const uidValidity = this.#nextUidValidity(account);
    const missing = parents(name).filter((parent) => !account.folders.has(parent));
    const entries = missing.map((folder, index) => newFolder(account.email, folder, null, uidValidity + index));
    this.#commit({ op: 'several', entries });
    return account.folders.get(name) as Folder;
  }

  deleteFolder(account: MailAccount, folder: Folder): void {
    this.#commit({ op: 'delete', email: account.email, folder: folder.name });
    this.emit('lost', folder, 'Selected mailbox was deleted, have to disconnect.');
  }

  /** RFC 3501 section 6.3.5: what is below moves along; INBOX itself stays and only its messages move. */
  renameFolder(account: MailAccount, folder: Folder, to: string): void {
    const { email } = account;
    const entries: StoreEntry[] = [];
    const above = parents(to).slice(0, -1);
    for (const name of above) if (!account.folders.has(name)) entries.push(this.#newFolder(account, name));
    if (folder.name === 'INBOX') {
      const messages = folder.messages.map((message, index) => ({ ...toRecord(message), uid: index + 1 }));
      const uids = folder.messages.map(({ uid }) => uid);
      entries.push(this.#newFolder(account, to), { op: 'messages', email, folder: to, messages });
      entries.push({ op: 'expunge', email, folder: 'INBOX', uids });
    } else {
      for (const { name } of account.folders.values()) {
        if (name !== folder.name && !name.startsWith(`${folder.name}/`)) continue;
        entries.push({ op: 'rename', email, from: name, to: to + name.slice(folder.name.length) });
      }
    }
    this.#commit({ op: 'several', entries });
    this.emit('changed', folder);
  }

  subscribe(account: MailAccount, folder: Folder, subscribed: boolean): void {
    const state = { ...folder.state(), subscribed };
    this.#commit({ op: 'folder', email: account.email, folder: folder.name, state });
  }

  /** Appends messages in one step. @returns them as stored */
  add(account: MailAccount, folder: Folder, messages: NewMessage[]): StoredMessage[] {
    return this.#added(account, folder, messages, []);
  }

  /** Copies, and removes the originals in the same step when `move`. @returns the copies, in the same order */
  copy(account: MailAccount, from: Folder, messages: StoredMessage[], to: Folder, move: boolean): StoredMessage[] {
    const uids = messages.map(({ uid }) => uid);
    const { email } = account;
    const removal: StoreEntry[] = move ? [{ op: 'expunge', email, folder: from.name, uids }] : [];
    const copies = this.#added(account, to, messages, removal);
    if (move) this.emit('changed', from);
    return copies;
  }

  /** Gives all these messages their new flags at one new mod-sequence, which is returned. */
  setFlags(account: MailAccount, folder: Folder, changes: [number, readonly string[]][]): number {
    const modseq = folder.highestModseq + 1;
    this.#commit({ op: 'flags', email: account.email, folder: folder.name, modseq, changes });
    this.emit('changed', folder);
    return modseq;
  }

  expunge(account: MailAccount, folder: Folder, uids: number[]): void {
    if (uids.length === 0) return;
    this.#commit({ op: 'expunge', email: account.email, folder: folder.name, uids });
    this.emit('changed', folder);
  }

  /** Every folder gets a new UIDVALIDITY and UIDs from 1 on: what a restored or migrated server does. */
  renumber(account: MailAccount): void {
    this.#commit({ op: 'renumber', email: account.email, uidValidity: this.#nextUidValidity(account) });
    for (const folder of account.folders.values()) {
      this.emit('lost', folder, 'IMAP session state is inconsistent, please relogin.');
    }
  }

  reset(): void {
    this.#accounts.clear();
    this.#journal?.rewrite();
  }

  close(): void {
    this.#journal?.close();
  }

  #added(account: MailAccount, folder: Folder, messages: NewMessage[], also: StoreEntry[]): StoredMessage[] {
    const { uidNext, highestModseq, name } = folder;
    const records: MessageRecord[] = messages.map(({ content, flags, internalMs }, index) => ({
      uid: uidNext + index,
      modseq: highestModseq + 1 + index,
      flags,
      internalMs,
      ...content.record,
    }));
    const entries: StoreEntry[] = [{ op: 'messages', email: account.email, folder: name, messages: records }, ...also];
    if (records.length > 0) this.#commit({ op: 'several', entries });
    this.emit('changed', folder);
    return folder.within([[uidNext, Infinity]]).slice(0, records.length);
  }

  #newFolder(account: MailAccount, name: string): StoreEntry {
    return newFolder(account.email, name, null, this.#nextUidValidity(account));
  }

  #nextUidValidity(account: MailAccount | undefined): number {
    return Math.max(Math.floor(this.now() / 1000), (account?.lastUidValidity ?? 0) + 1);
  }

  #commit(entry: StoreEntry): void {
    this.#journal?.append(entry);
    applyEntry(this.#accounts, entry);
  }
}

/** `a/b/c` is `a`, `a/b`, `a/b/c`. @throws Refusal for names that no folder can have */
function parents(name: string): string[] {
  const parts = name.split('/');
  if (parts.some((part) => part === '') || name.length > 255 || /[\p{Cc}*%]/u.test(name)) {
    throw new Refusal('Invalid mailbox name', 'CANNOT');
  }
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

function newFolder(email: string, folder: string, specialUse: SpecialUse, uidValidity: number): StoreEntry {
  const state = { specialUse, uidValidity, uidNext: 1, highestModseq: 1, subscribed: true };
  return { op: 'folder', email, folder, state };
}
