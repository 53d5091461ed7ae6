import type { ListResponse, StatusObject } from 'imapflow';
import type { ScopeHead } from '../contract.ts';
import { formatPosition } from './changes.ts';
import type { ImapConnection } from './client.ts';

const EXCLUDED = ['\\Trash', '\\Junk', '\\Drafts'];
/** Folders that only show messages of other folders (RFC 6154 section 2). */
const VIEWS = ['\\Flagged', '\\Important'];
const NOT_SELECTABLE = ['\\noselect', '\\nonexistent'];

const HEAD = { uidNext: true, uidValidity: true };
const HEAD_AND_STATE = { ...HEAD, messages: true, highestModseq: true };

/**
 * Every folder that is imported, each with its cursor as of now: all but Trash, Junk and Drafts and what lies in them.
 * IMAP servers do not tell their time. A folder that the login may see but not read is left out.
 */
export async function listFolders(connection: ImapConnection, { withState = false } = {}): Promise<ScopeHead[]> {
  const statusQuery = withState && (await keepsModSequences(connection)) ? HEAD_AND_STATE : HEAD;
  const folders = await connection.run('import', () => connection.flow.list({ statusQuery }));
  const heads: ScopeHead[] = [];
  for (const folder of folders.filter((folder) => isImported(folder, folders))) {
    const status = await statusOf(connection, folder);
    if (status === null) continue;
    const { state, ...position } = status;
    heads.push({ scope: folder.path, name: folder.path, cursor: formatPosition(position), at: null, ...state });
  }
  return heads;
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

function isImported(folder: ListResponse, all: ListResponse[]): boolean {
  if ([...folder.flags].some((flag) => NOT_SELECTABLE.includes(flag.toLowerCase()))) return false;
  if (hasUse(folder, VIEWS)) return false;
  return !all.some((other) => hasUse(other, EXCLUDED) && (other === folder || contains(other, folder)));
}

function contains(outer: ListResponse, inner: ListResponse): boolean {
  return Boolean(outer.delimiter) && inner.path.startsWith(`${outer.path}${outer.delimiter}`);
}

/**
 * By the server's word (SPECIAL-USE) on any number of folders; by a well-known name only where a mail program would
 * have made the folder. "Customers/Trash" is a person's own folder, and skipping it would lose its mail.
 */
function hasUse(folder: ListResponse, uses: string[]): boolean {
  if (uses.some((use) => folder.flags.has(use))) return true;
  if (folder.specialUse === undefined || !uses.includes(folder.specialUse)) return false;
  const [parent, ...further] = folder.parent;
  return folder.specialUseSource === 'extension' || parent === undefined || (isInbox(parent) && further.length === 0);
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

async function statusOf(connection: ImapConnection, folder: ListResponse): Promise<FolderStatus | null> {
  const listed = complete(folder.status);
  if (listed !== null) return listed;
  // Not every server answers STATUS for every folder within LIST.
  const asked = await connection.run('import', () => connection.flow.status(folder.path, HEAD));
  const status = complete(asked || undefined);
  if (status === null && (!connection.usable || isInbox(folder.path))) throw connection.swallowed('import');
  return status;
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
