import type { ListResponse, StatusObject } from 'imapflow';
import type { ScopeHead } from '../provider.ts';
import { formatPosition } from './changes.ts';
import type { ImapConnection } from './client.ts';

const EXCLUDED = ['\\Trash', '\\Junk', '\\Drafts'];
/** Folders that only show messages of other folders (RFC 6154 section 2). */
const VIEWS = ['\\Flagged', '\\Important'];
const NOT_SELECTABLE = ['\\noselect', '\\nonexistent'];

/**
 * Every folder that is imported, each with its cursor as of now: all but Trash, Junk and Drafts and what lies in them.
 * IMAP servers do not tell their time. A folder that the login may see but not read is left out.
 */
export async function listFolders(connection: ImapConnection): Promise<ScopeHead[]> {
  const folders = await connection.run('import', () =>
    connection.flow.list({ statusQuery: { uidNext: true, uidValidity: true } }),
  );
  const heads: ScopeHead[] = [];
  for (const folder of folders.filter((folder) => isImported(folder, folders))) {
    const status = await statusOf(connection, folder);
    if (status === null) continue;
    heads.push({ scope: folder.path, name: folder.path, cursor: formatPosition(status), at: null });
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
  return outer.delimiter !== '' && inner.path.startsWith(`${outer.path}${outer.delimiter}`);
}

/**
 * By the server's word (SPECIAL-USE) on any number of folders; by a well-known name only where a mail program would
 * have made the folder. "Customers/Trash" is somebody's own, and leaving it out would lose its mail.
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

async function statusOf(
  connection: ImapConnection,
  folder: ListResponse,
): Promise<{ uidvalidity: string; uid: number } | null> {
  const listed = complete(folder.status);
  if (listed !== null) return listed;
  // Not every server answers STATUS for every folder within LIST.
  const asked = await connection.run('import', () =>
    connection.flow.status(folder.path, { uidNext: true, uidValidity: true }),
  );
  const status = complete(asked || undefined);
  if (status === null && (!connection.usable || isInbox(folder.path))) throw connection.swallowed('import');
  return status;
}

function complete(status: StatusObject | undefined): { uidvalidity: string; uid: number } | null {
  if (status?.uidNext === undefined || status.uidValidity === undefined) return null;
  return { uidvalidity: String(status.uidValidity), uid: Math.max(0, status.uidNext - 1) };
}
