import { accountKey } from '../../account-key.ts';
import type { SandboxClock } from '../../clock.ts';
import type { MessageSpec } from '../../message-factory.ts';
import { MessageContent } from './content.ts';
import { Folder, MailAccount, type SpecialUse, type StoredMessage } from './mailbox.ts';
import { MailStore } from './store.ts';

/** A mailbox that a provider keeps, as its IMAP server shows it. */
export interface MailboxView {
  readonly uidValidity: number;
  readonly uidNext: number;
  /** Grows with every change. */
  readonly modseq: number;
  readonly folders: readonly FolderView[];
}

interface ShownMessage {
  readonly uid: number;
  readonly spec: MessageSpec;
  /** Absent: none. */
  readonly flags?: readonly string[];
}

export interface FolderView {
  readonly name: string;
  readonly specialUse: SpecialUse;
  /** In the order of their UIDs. */
  readonly messages: readonly ShownMessage[];
}

/**
 * Mailboxes of a provider for IMAP sessions. Nothing is kept here: UIDs come from what the provider remembers, so they are
 * the same after a restart.
 */
export class MailMirror extends MailStore {
  readonly #view: (email: string) => MailboxView | undefined;
  readonly #shown = new Map<string, MailAccount>();
  readonly #changed = new Set<string>();

  constructor(clock: SandboxClock, view: (email: string) => MailboxView | undefined) {
    super(null, clock);
    this.#view = view;
  }

  override account(email: string): MailAccount | undefined {
    const view = this.#view(email);
    if (!view) return undefined;
    const key = accountKey(email);
    const account = this.#shown.get(key) ?? new MailAccount(key);
    this.#shown.set(key, account);
    this.#show(account, view);
    return account;
  }

  /** Sessions hear of it before any command of theirs that comes later. */
  changed(email: string): void {
    if (this.#changed.size === 0) setImmediate(() => this.#tell());
    this.#changed.add(email);
  }

  #tell(): void {
    const emails = [...this.#changed];
    this.#changed.clear();
    for (const email of emails) if (this.#shown.has(email)) this.account(email);
  }

  #show(account: MailAccount, view: MailboxView): void {
    for (const { name, specialUse, messages } of view.folders) {
      const state = { specialUse, uidValidity: view.uidValidity, uidNext: view.uidNext, highestModseq: view.modseq };
      const folder = account.folders.get(name) ?? new Folder(name, { ...state, subscribed: true });
      account.folders.set(name, folder);
      const isRenumbered = folder.uidValidity !== view.uidValidity;
      const hasNews =
        isRenumbered || folder.highestModseq !== view.modseq || folder.messages.length !== messages.length;
      if (!hasNews) continue;
      Object.assign(folder, state);
      const before = new Map(folder.messages.map((message) => [message.uid, message]));
      folder.messages = messages.map((shown) => before.get(shown.uid) ?? arrived(shown));
      folder.version++;
      if (isRenumbered) this.emit('lost', folder, 'IMAP session state is inconsistent, please relogin.');
      else this.emit('changed', folder);
    }
    const names = new Set(view.folders.map(({ name }) => name));
    for (const name of account.folders.keys()) if (!names.has(name)) account.folders.delete(name);
  }
}

function arrived({ uid, spec, flags = [] }: ShownMessage): StoredMessage {
  return { uid, modseq: uid, flags, internalMs: Date.parse(spec.date), content: new MessageContent({ spec }) };
}
