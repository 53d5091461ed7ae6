import type { ListResponse, NamespacesObject, StatusObject } from 'imapflow';
import { specialUse } from 'imapflow/lib/special-use.js';
import { ProviderError } from '../../domain/verdict.ts';
import type { ScopeHead, ScopeReference } from '../contract.ts';
import { formatPosition, lastUid } from './changes.ts';
import type { ImapConnection } from './client.ts';

const EXCLUDED = ['\\Trash', '\\Junk', '\\Drafts'];
/** Folders that only show messages of other folders (RFC 6154 section 2). */
const VIEWS = ['\\Flagged', '\\Important'];
const NOT_SELECTABLE = ['\\noselect', '\\nonexistent'];

const HEAD = { uidNext: true, uidValidity: true };
const HEAD_AND_STATE = { ...HEAD, messages: true, highestModseq: true };

/** The folders of a session, and where they stand. */
export class Folders {
  readonly #connection: ImapConnection;
  /** What the last listing told of folders by the way, by path; each is used once. */
  #listed = new Map<string, FolderStatus>();

  constructor(connection: ImapConnection) {
    this.#connection = connection;
  }

  /** Every personal folder that is imported: all but Trash, Junk and Drafts and what lies in them. */
  async list({ withState = false } = {}): Promise<ScopeReference[]> {
    const statusQuery = withState && (await keepsModSequences(this.#connection)) ? HEAD_AND_STATE : HEAD;
    const folders = await this.#connection.run('import', () => this.#connection.flow.list({ statusQuery }));
    const imported = selectImported(folders.filter(({ path }) => isPersonal(path, this.#connection.flow.namespaces)));
    this.#listed = new Map(
      imported.flatMap(({ path, status }) => {
        const listed = complete(status);
        return listed === null ? [] : [[path, listed]];
      }),
    );
    return imported.map(({ path }) => ({ scope: path, name: path }));
  }

  /** Its cursor as of now. IMAP servers do not tell their time. null: the login may see the folder, not read it. */
  async headOf({ scope, name }: ScopeReference): Promise<ScopeHead | null> {
    const listed = this.#listed.get(scope);
    this.#listed.delete(scope);
    const status = listed ?? (await statusOf(this.#connection, scope));
    if (status === null) return null;
    const { state, ...position } = status;
    return { scope, name, cursor: formatPosition(position), at: null, ...state };
  }
}

/** When the inbox had its last message by the server's clock; null while it is empty. */
export async function readNewestDate(connection: ImapConnection): Promise<Date | null> {
  return await connection.run('import', async () => {
    const inbox = await connection.examine('INBOX');
    if (!inbox?.exists) return null;
    const newest = await connection.flow.fetchOne('*', { internalDate: true });
    const date = new Date((newest && newest.internalDate) || Number.NaN);
    return Number.isNaN(date.getTime()) ? null : date;
  });
}

/** A server chooses how many folders there are: the work grows with their number and depth, no faster. */
function selectImported(folders: ListResponse[]): ListResponse[] {
  const excluded = new Set(folders.filter((folder) => isExcluded(folder)).map(({ path }) => path));
  return folders.filter((folder) => isSelectable(folder) && !isView(folder) && !liesIn(folder, excluded));
}

function isSelectable({ flags }: ListResponse): boolean {
  return ![...flags].some((flag) => NOT_SELECTABLE.includes(flag.toLowerCase()));
}

/** Whether the folder, or one that it lies in, is one of these. */
function liesIn({ path, delimiter }: ListResponse, paths: ReadonlySet<string>): boolean {
  if (paths.has(path)) return true;
  if (!delimiter) return false;
  for (let end = path.lastIndexOf(delimiter); end > 0; end = path.lastIndexOf(delimiter, end - 1)) {
    if (paths.has(path.slice(0, end))) return true;
  }
  return false;
}

/**
 * By the server's word (SPECIAL-USE, RFC 6154) or by any well-known name in the languages that mail programs use: two
 * programs make two folders for one use. A name counts only where a program would have made the folder: "Customers/Trash"
 * is a person's own folder, and skipping it would lose its mail.
 */
function isExcluded({ flags, name, parent: [parent, ...further] }: ListResponse): boolean {
  if (EXCLUDED.some((use) => flags.has(use))) return true;
  const isProgramsPlace = parent === undefined || (isInbox(parent) && further.length === 0);
  return isProgramsPlace && EXCLUDED.includes(specialUse(false, { flags: new Set(), name }).flag ?? '');
}

function isView({ flags, specialUse: use, specialUseSource: source }: ListResponse): boolean {
  return VIEWS.some((view) => flags.has(view)) || (use !== undefined && VIEWS.includes(use) && source === 'extension');
}

/**
 * Whether a folder is the mailbox's own by NAMESPACE (RFC 2342), not another user's or a public one: the longest prefix
 * decides. INBOX always is. A server without a usable answer has personal folders only.
 */
function isPersonal(path: string, namespaces: NamespacesObject | undefined): boolean {
  if (isInbox(path) || !namespaces) return true;
  const lengthIn = (kind: keyof NamespacesObject) => {
    const prefixes = (namespaces[kind] || []).map(({ prefix }) => prefix);
    return Math.max(-1, ...prefixes.filter((prefix) => path.startsWith(prefix)).map(({ length }) => length));
  };
  const personal = lengthIn('personal');
  return personal >= lengthIn('other') && personal >= lengthIn('shared');
}

function isInbox(name: string): boolean {
  return name.toUpperCase() === 'INBOX';
}

/** Where a folder stands, and its state where that was asked for and told. */
interface FolderStatus {
  uidvalidity: string;
  uid: number;
  state?: { state: string };
}

/** Not every server answers STATUS for every folder within LIST, nor with a UIDNEXT: then its last message tells. */
async function statusOf(connection: ImapConnection, path: string): Promise<FolderStatus | null> {
  const asked = await connection.run('import', () => connection.flow.status(path, HEAD));
  const status = complete(asked || undefined);
  if (status !== null) return status;
  if (!connection.usable) throw connection.swallowed('import');
  const examined = await examinedStatus(connection, path);
  if (examined === null && isInbox(path)) throw connection.swallowed('import');
  return examined;
}

/** null: the folder is not there, or this login may not read it. */
async function examinedStatus(connection: ImapConnection, path: string): Promise<FolderStatus | null> {
  try {
    return await connection.run('import', async () => {
      const folder = await connection.examine(path);
      return folder && { uidvalidity: folder.uidValidity, uid: await lastUid(connection, folder) };
    });
  } catch (error) {
    if (!connection.usable || isInbox(path) || !isOfOnePart(error)) throw error;
    return null;
  }
}

/** A refusal to open a folder is the folder's, unless it is a limit. */
function isOfOnePart(error: unknown): boolean {
  return error instanceof ProviderError && error.verdict.kind !== 'rate_limited';
}

function complete(status: StatusObject | undefined): FolderStatus | null {
  if (status?.uidNext === undefined || status.uidValidity === undefined) return null;
  const { uidValidity, uidNext, messages, highestModseq } = status;
  const position = { uidvalidity: String(uidValidity), uid: Math.max(0, uidNext - 1) };
  // 0: this folder keeps none (RFC 7162 section 3.1.2.2).
  if (messages === undefined || !highestModseq) return position;
  return { ...position, state: { state: `${uidValidity}.${uidNext}.${messages}.${highestModseq}` } };
}

/**
 * Whether the server keeps mod-sequences (CONDSTORE), as its inbox shows. One that claims it and refuses must not be
 * asked for each of its folders.
 */
async function keepsModSequences(connection: ImapConnection): Promise<boolean> {
  if (!connection.flow.capabilities.has('CONDSTORE')) return false;
  const status = await connection.run('import', () => connection.flow.status('INBOX', { highestModseq: true }));
  if (!connection.usable) throw connection.swallowed('import');
  return status !== false && Boolean(status.highestModseq);
}
