import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { accountKey } from '../account-key.ts';
import { newMessages } from '../message-factory.ts';
import { FolderTree } from '../microsoft/mailbox/folder-tree.ts';
import { leaving, Mailbox, placeOf } from '../microsoft/mailbox/mailbox.ts';
import { folderId } from '../microsoft/mailbox/well-known-folders.ts';
import type { MessageRow, Place } from '../microsoft/rows.ts';
import type { AccountDetails, DeliveredMessage, DeliverRequest, ProviderDeps } from '../provider.ts';
import { SandboxRefusal } from '../refusal.ts';
import type { Change, Tables } from '../tables.ts';
import { openTables } from '../tables.ts';
import type { AccountRow, ExchangeRows, FolderRow } from './rows.ts';
import type { MailboxChange } from './streaming/mailbox-change.ts';
import { changesOf, creationOf } from './streaming/mailbox-change.ts';

type ExchangeChange = Change<ExchangeRows>;

/** Active Directory locks an account out for a while after so many wrong passwords in a row. */
const LOCKED_AFTER = 10;
const LOCKED_MS = 10 * 60_000;

/** The parent of all folders; people see those below `msgfolderroot`. */
const ROOT = 'root';

/** Accounts, as Active Directory has them, and their mailboxes. */
export class ExchangeStore {
  readonly tables: Tables<ExchangeRows>;
  readonly deps: ProviderDeps;
  readonly #mailboxes = new Map<string, Mailbox>();
  readonly #places = new Map<string, MessageRow>();
  #tell: (change: MailboxChange) => void = () => {};

  constructor(deps: ProviderDeps) {
    this.deps = deps;
    this.tables = openTables<ExchangeRows>(join(deps.dir, 'exchange.jsonl'), {
      names: ['accounts', 'folders', 'messages'],
      changed: ([table, , row]) => {
        if (table === 'folders' && row) this.#applyFolder(row);
        if (table === 'messages' && row) this.#applyMessage(row);
      },
    });
  }

  /** Calls `tell` at every change of a mailbox from now on. */
  onChange(tell: (change: MailboxChange) => void): void {
    this.#tell = tell;
  }

  account(email: string): AccountRow | undefined {
    return this.tables.read('accounts').get(accountKey(email));
  }

  accounts(): readonly AccountRow[] {
    return [...this.tables.read('accounts').values()];
  }

  /** @throws SandboxRefusal 404 */
  requireAccount(email: string): AccountRow {
    const account = this.account(email);
    if (account) return account;
    throw new SandboxRefusal(404, 'account_not_found', `Exchange has no account ${email}: create it with PUT first`);
  }

  /** The account of a user name: its address, or `DOMAIN\user` with the first word of the address's domain. */
  accountOfLogin(user: string, domain: string): AccountRow | undefined {
    const [, within = domain, name = user] = /^([^\\]+)\\(.+)$/.exec(user) ?? [];
    if (name.includes('@')) return this.account(name);
    return this.accounts().find(({ email }) => {
      const [local, host = ''] = accountKey(email).split('@');
      const isOfDomain = within === '' || host.split('.')[0] === within.toLowerCase() || host === within.toLowerCase();
      return local === name.toLowerCase() && isOfDomain;
    });
  }

  putAccount(email: string, details: AccountDetails): AccountRow {
    const before = this.account(email);
    const account: AccountRow = {
      ...(before ?? newAccount(email.trim())),
      ...(details.name === undefined ? {} : { name: details.name }),
      ...(details.tenant === undefined ? {} : { tenant: details.tenant }),
      ...(details.delegates === undefined ? {} : { delegates: details.delegates.map(accountKey) }),
      // An administrator who sets a password unlocks the account with it.
      ...(details.password === undefined ? {} : { password: details.password, refused_at: [], locked_until: 0 }),
    };
    this.#save(account, before ? [] : this.#founding(account));
    return account;
  }

  /** Whether the login is let in. Wrong passwords are counted, and a locked account refuses the right one as well. */
  tryPassword({ email }: AccountRow, knows: (password: string) => boolean): boolean {
    const account = this.requireAccount(email);
    const now = this.now();
    if (account.locked_until > now) return false;
    if (account.password !== null && knows(account.password)) {
      if (account.refused_at.length > 0) this.#save({ ...account, refused_at: [] });
      return true;
    }
    const refused_at = [...account.refused_at.filter((at) => at > now - LOCKED_MS), now];
    const locked_until = refused_at.length >= LOCKED_AFTER ? now + LOCKED_MS : 0;
    this.#save({ ...account, refused_at: locked_until === 0 ? refused_at : [], locked_until });
    return false;
  }

  lockOut(account: AccountRow): void {
    this.#save({ ...account, locked_until: this.now() + LOCKED_MS });
  }

  forgetPassword(account: AccountRow): void {
    this.#save({ ...account, password: null });
  }

  /** Makes every earlier sync state unknown. */
  expireSyncStates(account: AccountRow): void {
    this.#save({ ...account, sync_epoch: account.sync_epoch + 1 });
  }

  now(): number {
    return this.deps.clock.now().getTime();
  }

  /** The mailbox of an account, empty for one that does not exist. */
  mailbox(email: string): Mailbox {
    const key = accountKey(email);
    const mailbox = this.#mailboxes.get(key) ?? new Mailbox();
    this.#mailboxes.set(key, mailbox);
    return mailbox;
  }

  folder(id: string): FolderRow | undefined {
    return this.tables.read('folders').get(id);
  }

  /** The message at an ItemId, in any mailbox, until it moves. */
  messageAt(itemId: string): { message: MessageRow; place: Place } | undefined {
    const message = this.#places.get(itemId);
    const place = message && placeOf(message);
    return message && place?.rest_id === itemId ? { message, place } : undefined;
  }

  deliver(email: string, request: DeliverRequest): MessageRow[] {
    const account = this.requireAccount(email);
    const { folder, changes } = this.#tree(account).ensure(request.folder ?? 'INBOX');
    const first = this.mailbox(email).seq + 1 + changes.length;
    const rows = newMessages(account.email, request, this.deps.clock.now()).map((spec, index): MessageRow => ({
      email: accountKey(email),
      id: newItemId(),
      places: [{ folder_id: folder.id, rest_id: newItemId(), from_seq: first + index }],
      spec,
      ...(request.unannounced ? { unannounced: true } : {}),
    }));
    this.tables.commit([...changes, ...rows.map((row): ExchangeChange => ['messages', row.id, row])]);
    return rows;
  }

  present(row: MessageRow): DeliveredMessage {
    const place = placeOf(row);
    const folder = this.#tree(this.requireAccount(row.email)).pathOf(place?.folder_id ?? '');
    return { message_id: row.spec.message_id, provider_id: place?.rest_id ?? row.id, folder };
  }

  /** False when there is none. */
  remove(email: string, id: string): boolean {
    const message = this.mailbox(email).get(id);
    if (!message) return false;
    const to = { seq: this.mailbox(email).seq + 1, reason: 'deleted' as const };
    this.tables.commit([['messages', message.id, { ...message, places: leaving(message, to) }]]);
    return true;
  }

  /** Moves a message, which gives it another ItemId. Undefined when there is none. */
  move(email: string, id: string, path: string): MessageRow | undefined {
    const message = this.mailbox(email).get(id);
    if (!message) return undefined;
    const { folder, changes } = this.#tree(this.requireAccount(email)).ensure(path);
    const seq = this.mailbox(email).seq + 1 + changes.length;
    const arrival = { folder_id: folder.id, rest_id: newItemId(), from_seq: seq + 1 };
    const moved = { ...message, places: [...leaving(message, { seq, reason: 'changed' }), arrival] };
    this.tables.commit([...changes, ['messages', moved.id, moved]]);
    return moved;
  }

  reset(): void {
    this.#mailboxes.clear();
    this.#places.clear();
    this.tables.clear();
  }

  #save(account: AccountRow, more: readonly ExchangeChange[] = []): void {
    this.tables.commit([['accounts', accountKey(account.email), account], ...more]);
  }

  #tree({ email }: AccountRow): FolderTree {
    return new FolderTree(accountKey(email), this.mailbox(email));
  }

  #founding(account: AccountRow): ExchangeChange[] {
    const key = accountKey(account.email);
    const root = { email: key, id: folderId(key, ROOT), name: '', parent_id: null, well_known: ROOT, hidden: true };
    const below = this.#tree(account)
      .founding()
      .map(([, , row]): FolderRow => ({ ...row, parent_id: row.parent_id ?? root.id }));
    const top = folderId(key, 'msgfolderroot');
    const others = [
      { name: 'Calendar', folder_class: 'IPF.Appointment' },
      { name: 'Contacts', folder_class: 'IPF.Contact' },
    ].map(({ name, folder_class }): FolderRow => {
      const well_known = name.toLowerCase();
      const id = folderId(key, well_known);
      return { email: key, id, name, parent_id: top, well_known, hidden: false, folder_class, seq: 0 };
    });
    return [{ ...root, seq: 0 }, ...below, ...others].map((row, index) => [
      'folders',
      row.id,
      { ...row, seq: index + 1 },
    ]);
  }

  #applyFolder(row: FolderRow): void {
    const isNew = this.mailbox(row.email).folder(row.id) === undefined;
    this.mailbox(row.email).applyFolder(row);
    if (isNew) this.#tell(creationOf(row));
  }

  #applyMessage(row: MessageRow): void {
    const mailbox = this.mailbox(row.email);
    const changes = changesOf(mailbox.get(row.id), row, (id) => mailbox.folder(id)?.well_known === 'inbox');
    mailbox.applyMessage(row);
    for (const { rest_id } of row.places) this.#places.set(rest_id, row);
    for (const change of changes) this.#tell(change);
  }
}

function newAccount(email: string): AccountRow {
  return {
    email,
    name: null,
    tenant: null,
    password: null,
    delegates: [],
    sync_epoch: 0,
    refused_at: [],
    locked_until: 0,
  };
}

function newItemId(): string {
  return `AAMkAG${randomBytes(60).toString('base64')}AAA=`;
}
