import type { ScopeReference } from '../contract.ts';
import type { ExchangeClient } from './client.ts';
import type { XmlNode } from './soap/node.ts';
import { assertOk, codeOf, NO_RIGHT, unexpectedAnswer } from './soap/refusal.ts';
import { getFolders, syncFolderHierarchy } from './soap/request.ts';

const ROOT = 'msgfolderroot';
const INBOX = 'inbox';
const SENT_ITEMS = 'sentitems';
/** Folders that are not imported, with all folders below them. Display names are in the person's language; these are not. */
const EXCLUDED = ['deleteditems', 'junkemail', 'drafts', 'outbox', 'syncissues'];
const NOT_THERE = /^Error(Folder|ManagedFolder|Item)NotFound$/;
/** A listing of folders that is longer makes no progress. */
const MOST_PAGES = 1_000;

interface Folder {
  id: string;
  parentId: string | null;
  name: string;
  holdsMail: boolean;
}

/** The folders whose mail is imported. Their ids stay when they are renamed or moved. */
export async function listFolders(client: ExchangeClient, mailbox: string | null): Promise<ScopeReference[]> {
  return (await sortFolders(client, mailbox)).imported;
}

/** The folders whose mail is imported, the inbox first, and the ids of all others below the root. */
export async function sortFolders(
  client: ExchangeClient,
  mailbox: string | null,
): Promise<{ imported: ScopeReference[]; others: Set<string> }> {
  const folders = await readAll(client, mailbox);
  const known = [INBOX, ...EXCLUDED].map((name) => ({ known: name, mailbox }));
  const { messages } = await client.ask(getFolders(known), 'api');
  const [inbox, ...excluded] = known.map((_folder, index) => knownId(messages[index]));
  const parts = [...folders.values()].flatMap((folder) => {
    const way = wayTo(folder, folders);
    if (!folder.holdsMail || way.some(({ id }) => excluded.includes(id))) return [];
    return { scope: folder.id, name: way.map(({ id, name }) => (id === inbox ? 'INBOX' : name)).join('/') };
  });
  // The inbox first: people wait for its mail most.
  const imported = parts.sort((a, b) => Number(b.scope === inbox) - Number(a.scope === inbox));
  const scopes = new Set(parts.map(({ scope }) => scope));
  const others = new Set([...folders.keys()].filter((id) => !scopes.has(id)));
  return { imported, others };
}

/** The id of a folder; null for one that is not there, which excludes nothing. Any other refusal would let Trash in. */
function knownId(message: XmlNode | undefined): string | null {
  if (message === undefined) throw unexpectedAnswer('GetFolder', 'api', 'the answer lacks a folder');
  if (NOT_THERE.test(codeOf(message))) return null;
  return folderIdIn(assertOk('GetFolder', 'api', message));
}

/** The id of the one folder in a message of GetFolder. */
export function folderIdIn(message: XmlNode): string | null {
  return message.at('Folders')?.children[0]?.idAt('FolderId') ?? null;
}

/** The id of a mailbox's inbox; a mailbox of null is the login's own. */
export async function findInbox(client: ExchangeClient, mailbox: string | null): Promise<string | null> {
  const { message } = await client.askOne(getFolders([{ known: INBOX, mailbox }]), 'api');
  return folderIdIn(message);
}

/**
 * The id of the folder that keeps what a mailbox sends. A delegate may send for a mailbox whose Sent Items it has no right
 * to; the login's own keep the copy then.
 */
export async function findSentItems(client: ExchangeClient, mailbox: string | null): Promise<string> {
  const places = mailbox === null ? [null] : [mailbox, null];
  const { messages } = await client.ask(getFolders(places.map((of) => ({ known: SENT_ITEMS, mailbox: of }))), 'api');
  const [wanted, own] = messages;
  if (wanted === undefined) throw unexpectedAnswer('GetFolder', 'api', 'the answer holds nothing');
  const isClosed = NO_RIGHT.test(codeOf(wanted)) || NOT_THERE.test(codeOf(wanted));
  const id = folderIdIn(assertOk('GetFolder', 'api', isClosed && own ? own : wanted));
  if (id === null) throw unexpectedAnswer('GetFolder', 'api', 'the answer lacks a folder');
  return id;
}

async function readAll(client: ExchangeClient, mailbox: string | null): Promise<Map<string, Folder>> {
  const folders = new Map<string, Folder>();
  let state: string | null = null;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { message } = await client.askOne(syncFolderHierarchy({ known: ROOT, mailbox }, state), 'api');
    for (const change of message.at('Changes')?.children ?? []) {
      const folder = change.name === 'Create' ? folderIn(change) : null;
      if (folder) folders.set(folder.id, folder);
    }
    state = message.textAt('SyncState');
    if (message.textAt('IncludesLastFolderInRange') !== 'false') break;
  }
  return folders;
}

/**
 * A search folder shows what lies elsewhere. Other kinds, and those that the server hides from people, hold no mail of theirs;
 * what is below them may.
 */
function folderIn(change: XmlNode): Folder | null {
  const element = change.children[0];
  const id = element?.idAt('FolderId') ?? null;
  if (!element || id === null || element.name === 'SearchFolder') return null;
  const folderClass = element.textAt('FolderClass') ?? 'IPF.Note';
  const isMail = element.name === 'Folder' && /^(IPF\.Note\b.*|IPF|)$/.test(folderClass);
  return {
    id,
    parentId: element.idAt('ParentFolderId'),
    name: element.textAt('DisplayName') ?? '',
    holdsMail: isMail && element.textAt('ExtendedProperty/Value') !== 'true',
  };
}

/** From the top down to the folder itself; the root is in no listing. */
function wayTo(folder: Folder, folders: ReadonlyMap<string, Folder>): Folder[] {
  const way = [folder];
  for (let above = parentOf(folder, folders); above && !way.includes(above); above = parentOf(above, folders)) {
    way.unshift(above);
  }
  return way;
}

const parentOf = ({ parentId }: Folder, folders: ReadonlyMap<string, Folder>) => folders.get(parentId ?? '');
