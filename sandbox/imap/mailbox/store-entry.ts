import { type ContentRecord, MessageContent } from './content.ts';
import { Folder, type FolderState, MailAccount, type StoredMessage } from './mailbox.ts';

/** A message as the journal keeps it. */
export type MessageRecord = {
  uid: number;
  modseq: number;
  flags: readonly string[];
  internalMs: number;
} & ContentRecord;

/** One change of the mail store. An answer to a client is one entry, so that half of it can never be lost. */
export type StoreEntry =
  | { op: 'account'; email: string; password: string | null; name: string | null; tenant: string | null }
  | { op: 'folder'; email: string; folder: string; state: FolderState }
  | { op: 'messages'; email: string; folder: string; messages: MessageRecord[] }
  | { op: 'flags'; email: string; folder: string; modseq: number; changes: [number, readonly string[]][] }
  | { op: 'expunge'; email: string; folder: string; uids: number[] }
  | { op: 'rename'; email: string; from: string; to: string }
  | { op: 'delete'; email: string; folder: string }
  | { op: 'renumber'; email: string; uidValidity: number }
  | { op: 'several'; entries: StoreEntry[] };

export type Accounts = Map<string, MailAccount>;

/** Carries one change out. Pure in the sense of a journal: the same entries always make the same accounts. */
export function applyEntry(accounts: Accounts, entry: StoreEntry): void {
  if (entry.op === 'several') for (const one of entry.entries) applyEntry(accounts, one);
  else if (entry.op === 'account') applyAccount(accounts, entry);
  else {
    const account = accounts.get(entry.email);
    if (account) applyToAccount(account, entry);
  }
}

type AccountEntry = Extract<StoreEntry, { op: 'account' }>;

function applyAccount(accounts: Accounts, { email, password, name, tenant }: AccountEntry): void {
  const account = accounts.get(email) ?? new MailAccount(email);
  accounts.set(email, account);
  Object.assign(account, { password, name, tenant });
}

function applyToAccount(account: MailAccount, entry: Exclude<StoreEntry, AccountEntry | { op: 'several' }>): void {
  switch (entry.op) {
    case 'folder':
      applyFolder(account, entry.folder, entry.state);
      break;
    case 'rename':
      applyRename(account, entry.from, entry.to);
      break;
    case 'delete':
      account.folders.delete(entry.folder);
      break;
    case 'renumber':
      for (const folder of account.folders.values()) renumber(folder, entry.uidValidity);
      account.lastUidValidity = Math.max(account.lastUidValidity, entry.uidValidity);
      break;
    case 'messages':
    case 'flags':
    case 'expunge': {
      const folder = account.folders.get(entry.folder);
      if (folder) applyToFolder(folder, entry);
    }
  }
}

function applyFolder(account: MailAccount, name: string, state: FolderState): void {
  const existing = account.folders.get(name);
  if (existing) Object.assign(existing, state);
  else account.folders.set(name, new Folder(name, state));
  account.lastUidValidity = Math.max(account.lastUidValidity, state.uidValidity);
}

function applyRename(account: MailAccount, from: string, to: string): void {
  const folder = account.folders.get(from);
  if (!folder) return;
  account.folders.delete(from);
  folder.name = to;
  account.folders.set(to, folder);
}

function applyToFolder(folder: Folder, entry: Extract<StoreEntry, { op: 'messages' | 'flags' | 'expunge' }>): void {
  folder.version++;
  if (entry.op === 'messages') {
    for (const record of entry.messages) folder.messages.push(fromRecord(record));
    const last = entry.messages.at(-1);
    folder.uidNext = Math.max(folder.uidNext, (last?.uid ?? 0) + 1);
    folder.highestModseq = entry.messages.reduce((high, { modseq }) => Math.max(high, modseq), folder.highestModseq);
  } else if (entry.op === 'flags') {
    folder.highestModseq = Math.max(folder.highestModseq, entry.modseq);
    for (const [uid, flags] of entry.changes) {
      const message = folder.message(uid);
      if (message) Object.assign(message, { flags, modseq: entry.modseq });
    }
  } else {
    const gone = new Set(entry.uids);
    folder.messages = folder.messages.filter((message) => !gone.has(message.uid));
    folder.highestModseq++;
  }
}

function renumber(folder: Folder, uidValidity: number): void {
  folder.messages = folder.messages.map((message, index) => ({ ...message, uid: index + 1 }));
  folder.uidNext = folder.messages.length + 1;
  folder.uidValidity = uidValidity;
  folder.version++;
}

function fromRecord({ uid, modseq, flags, internalMs, ...content }: MessageRecord): StoredMessage {
  return { uid, modseq, flags, internalMs, content: new MessageContent(content) };
}

export function toRecord(message: StoredMessage): MessageRecord {
  const { uid, modseq, flags, internalMs, content } = message;
  return { uid, modseq, flags, internalMs, ...content.record };
}

/** The entries that make these accounts again. */
export function* snapshot(accounts: Accounts): Generator<StoreEntry> {
  for (const { email, password, name, tenant, folders, lastUidValidity } of accounts.values()) {
    yield { op: 'account', email, password, name, tenant };
    // Before there are folders this only says what a later UIDVALIDITY has to exceed.
    yield { op: 'renumber', email, uidValidity: lastUidValidity };
    for (const folder of folders.values()) {
      yield { op: 'folder', email, folder: folder.name, state: folder.state() };
      for (let at = 0; at < folder.messages.length; at += 1000) {
        const messages = folder.messages.slice(at, at + 1000).map(toRecord);
        yield { op: 'messages', email, folder: folder.name, messages };
      }
    }
  }
}
