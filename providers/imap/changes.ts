import type { SearchObject } from 'imapflow';
import { ProviderError } from '../../domain/verdict.ts';
import { parseJson } from '../answers/text.ts';
import type { ChangePage, ListedItem, ScopeReference, TimeWindow, WindowPage } from '../contract.ts';
import { verdict } from '../../domain/verdict-builders.ts';
import { AnswerTooLarge } from './bounded-stream.ts';
import type { ExaminedFolder, ImapConnection } from './client.ts';
import { runInFolder } from './part-refusal.ts';
import { folderPosition } from './schema.ts';
import type { FolderPosition } from './schema.ts';

const DAY_MS = 86_400_000;

export function formatPosition(position: FolderPosition): string {
  return JSON.stringify(position);
}

/** One page of what came after the cursor, lowest UIDs first. A folder that is gone has nothing new. */
export async function listChanges(
  connection: ImapConnection,
  { scope }: ScopeReference,
  cursor: string,
  limit: number,
): Promise<ChangePage> {
  return await runInFolder(connection, scope, async () => {
    const from = readPosition(cursor);
    const page = await listUids(connection, scope, { from, limit, criteria: {} });
    if (page === null) return { items: [], cursor, more: false, at: null };
    const { items, uidvalidity, through, more } = page;
    return { items, cursor: formatPosition({ uidvalidity, uid: through }), more, at: null };
  });
}

/** UIDs only grow within a generation. */
export function comesAfter(cursor: string, { generation, providerId }: ListedItem): boolean {
  const { uidvalidity, uid } = readPosition(cursor);
  return generation === uidvalidity && Number(providerId) > uid;
}

/**
 * One page of what the server received within the window, lowest UIDs first. SEARCH knows days only, in the server's
 * own time zone, so it is asked for a day more on either side; INTERNALDATE decides (`within`).
 */
export async function listWindow(
  connection: ImapConnection,
  { scope }: ScopeReference,
  window: TimeWindow,
  position: string | null,
  limit: number,
): Promise<WindowPage> {
  return await runInFolder(connection, scope, async () => {
    const from = position === null ? null : readPosition(position);
    const criteria = {
      since: new Date(window.from.getTime() - DAY_MS),
      before: new Date(window.to.getTime() + 2 * DAY_MS),
    };
    const page = await listUids(connection, scope, { from, limit, criteria });
    if (page === null) return { items: [], position: null, estimate: null };
    const { items, uidvalidity, through, more } = page;
    return {
      items,
      position: more ? formatPosition({ uidvalidity, uid: through }) : null,
      estimate: position === null ? await countOf(connection, criteria) : null,
    };
  });
}

interface UidPage {
  items: ListedItem[];
  uidvalidity: string;
  /** How far the listing has come, and whether there is more behind. */
  through: number;
  more: boolean;
}

/**
 * One page of a folder's UIDs, from the beginning where `from` is null; null when there is no such folder. That nothing
 * is left is said of the folder as it is now: one that was open already is examined again before that.
 */
async function listUids(
  connection: ImapConnection,
  path: string,
  { from, limit, criteria }: { from: FolderPosition | null; limit: number; criteria: SearchObject },
): Promise<UidPage | null> {
  const opened = await connection.open(path);
  let folder = opened?.folder ?? null;
  for (let isCurrent = opened?.isCurrent; folder !== null; isCurrent = true) {
    const { uidvalidity, uid: after } = from ?? { uidvalidity: folder.uidValidity, uid: 0 };
    assertGeneration(folder, { uidvalidity });
    const head = await lastUid(connection, folder);
    const { uids, through } = await nextUids(connection, { after, head, limit, criteria });
    const more = through < head;
    if (more || isCurrent) return { items: uids.map((uid) => toItem(uid, uidvalidity)), uidvalidity, through, more };
    folder = await connection.examine(path);
  }
  return null;
}

/** Throws `cursor_expired` when all UIDs of the folder have become void (RFC 9051 section 2.3.1.1). */
export function assertGeneration(folder: ExaminedFolder, { uidvalidity }: { uidvalidity: string }): void {
  if (folder.uidValidity === uidvalidity) return;
  throw cursorExpired('the folder numbers its messages anew', 'UIDVALIDITY');
}

function readPosition(text: string): FolderPosition {
  const parsed = folderPosition.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw cursorExpired('the cursor is not one of an IMAP folder', null);
}

function cursorExpired(message: string, providerCode: string | null): ProviderError {
  return new ProviderError(message, verdict('cursor_expired', null, { providerCode }));
}

/** The highest UID that was given out when the folder was examined; 0 in a folder that never had a message. */
export async function lastUid(connection: ImapConnection, folder: ExaminedFolder): Promise<number> {
  if (folder.uidNext > 0) return folder.uidNext - 1;
  // Servers older than RFC 3501 do not tell UIDNEXT.
  const newest = await connection.flow.fetchOne('*', { uid: true });
  return newest ? newest.uid : 0;
}

interface UidSearch {
  after: number;
  head: number;
  limit: number;
  criteria: SearchObject;
}

/**
 * The next `limit` UIDs at most, and how far the search has looked. It asks for bounded ranges, growing while they are
 * empty and shrinking when an answer is cut: neither a mailbox of a million messages nor a gap of a billion UIDs makes one
 * answer large. The ranges end at a number, never at `*`, for which servers answer the last message even when nothing is
 * new.
 */
async function nextUids(
  connection: ImapConnection,
  { after, head, limit, criteria }: UidSearch,
): Promise<{ uids: number[]; through: number }> {
  let through = after;
  for (let span = limit * 4; through < head;) {
    const to = Math.min(through + span, head);
    const found = await searchUids(connection, { ...criteria, uid: `${through + 1}:${to}` });
    if (connection.isSearchCut) {
      if (span <= limit * 4) throw new AnswerTooLarge('more messages than were asked about');
      span /= 8;
      continue;
    }
    span *= 8;
    const uids = found.filter((uid) => uid > through && uid <= to).slice(0, limit);
    const last = uids.at(-1);
    if (last !== undefined) return { uids, through: uids.length === limit ? last : to };
    through = to;
  }
  return { uids: [], through };
}

/** Lowest first. */
async function searchUids(connection: ImapConnection, criteria: SearchObject): Promise<number[]> {
  byDate(connection);
  const found = await connection.flow.search(criteria, { uid: true });
  // ImapFlow answers a failed search with `false`: it must not look like an empty folder.
  if (!found) throw connection.swallowed('import');
  return found;
}

/**
 * Where the server has WITHIN (RFC 5032), ImapFlow turns dates into ages by our clock: wrong by as much as the clocks
 * differ, and refused for dates to come. Without it a date stays a date.
 */
function byDate(connection: ImapConnection): void {
  connection.flow.capabilities.delete('WITHIN');
}

/** Only where the server counts for us (ESEARCH, RFC 4731): a guess is not worth a list of a million numbers. */
async function countOf(connection: ImapConnection, criteria: SearchObject): Promise<number | null> {
  if (!connection.flow.capabilities.has('ESEARCH')) return null;
  byDate(connection);
  const answer = await connection.flow.search(criteria, { uid: true, returnOptions: ['COUNT'] });
  return answer && 'count' in answer ? (answer.count ?? null) : null;
}

function toItem(uid: number, uidvalidity: string): ListedItem {
  return { providerId: String(uid), generation: uidvalidity };
}
