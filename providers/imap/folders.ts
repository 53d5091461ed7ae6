import { specialUse } from 'imapflow/lib/special-use.js';
import type { Namespace } from '../../domain/access-type.ts';
import { takeTurn } from '../../domain/limits/turns.ts';
import { PartRefused, PartUnanswered, ProviderError } from '../../domain/verdict.ts';
import type { AskedOfHeads, ScopeHead, ScopeReference } from '../contract.ts';
import { formatPosition, lastUid } from './changes.ts';
import type { LeftOut } from './bounded-stream.ts';
import type { ImapConnection } from './client.ts';
import { runInFolder } from './part-refusal.ts';
import { askStatus } from './wire/folder-commands.ts';
import { isInbox, scopesOf, shownName } from './wire/folder-names.ts';
import { listFolders } from './wire/list.ts';
import type { ListedFolder, StatusItems } from './wire/list.ts';
import { isWanted } from './wire/namespaces.ts';
import { askStatuses, StatusUnanswered } from './wire/statuses.ts';

const EXCLUDED = ['\\Trash', '\\Junk', '\\Drafts'];
const EXCLUDED_FLAGS = EXCLUDED.map((flag) => flag.toLowerCase());
/** Folders that only show messages of other folders (RFC 6154 section 2); Gmail's XLIST calls one `\Starred`. */
const VIEWS = ['\\flagged', '\\important', '\\starred'];
const NOT_SELECTABLE = ['\\noselect', '\\nonexistent'];

const HEAD = ['UIDNEXT', 'UIDVALIDITY'];
const HEAD_AND_STATE = [...HEAD, 'MESSAGES', 'HIGHESTMODSEQ'];

/** The folders of a session, and where they stand. */
export class Folders {
  readonly #connection: ImapConnection;
  readonly #namespaces: readonly Namespace[] | undefined;
  /** What the last listing told of folders by the way, by scope; each is used once. */
  #listed = new Map<string, FolderStatus>();

  constructor(connection: ImapConnection, namespaces: readonly Namespace[] | undefined) {
    this.#connection = connection;
    this.#namespaces = namespaces;
  }

  /**
   * Every wanted folder that is imported: all but Trash, Junk and Drafts and what lies in them. What names a folder and
   * cannot be read is told of.
   */
  async list({ withState = false, except }: Partial<AskedOfHeads> = {}): Promise<ScopeReference[]> {
    const { flow } = this.#connection;
    const items = withState && (await keepsModSequences(this.#connection)) ? HEAD_AND_STATE : HEAD;
    const listing = await this.#connection.run('import', () => listFolders(flow, items));
    const named = await withScopes(listing.folders);
    this.#connection.learnNames(new Map(named.map(({ scope, wire }) => [scope, wire])));
    this.#connection.learnWhole(new Set(named.filter(showsAll).map(({ scope }) => scope)));
    const imported = await selectImported(
      named.filter(({ wire }) => isWanted(wire, flow.namespaces, this.#namespaces)),
    );
    const untold = imported.filter(({ wire, scope }) => !listing.statuses.has(wire) && !except?.has(scope));
    const asked = await this.#askStatuses(untold, items);
    this.#listed = new Map();
    for (const { scope, wire } of imported) {
      await takeTurn();
      const listed = complete(listing.statuses.get(wire) ?? asked.get(wire));
      if (listed !== null) this.#listed.set(scope, listed);
    }
    const told = [...listing.unreadable.map(unreadable), ...leftOut(this.#connection.takeLeftOut())];
    return [...imported.map(({ scope, name }) => ({ scope, name })), ...told];
  }

  async #statusOf(scope: string, name: string | null): Promise<FolderStatus | null> {
    try {
      return await statusOf(this.#connection, scope);
    } catch (error) {
      const isLost = error instanceof ProviderError && !this.#connection.usable && !isInbox(scope);
      throw isLost ? new PartUnanswered(error, { scope, name }) : error;
    }
  }

  /** The inbox is never why a server does not answer: without it there is no mailbox. */
  async #askStatuses(folders: NamedFolder[], items: string[]): Promise<Map<string, StatusItems>> {
    const wires = folders.map(({ wire }) => wire);
    let unanswered: NamedFolder | undefined;
    try {
      return await this.#connection.run('import', () =>
        askStatuses(this.#connection.flow, wires, items).catch((error: unknown) => {
          if (error instanceof StatusUnanswered) unanswered = folders.find(({ wire }) => wire === error.wire);
          throw error;
        }),
      );
    } catch (error) {
      this.#connection.close();
      if (!unanswered || isInbox(unanswered.scope) || !(error instanceof ProviderError)) throw error;
      throw new PartUnanswered(error, { scope: unanswered.scope, name: unanswered.name });
    }
  }

  /** Where all folders stand that can be asked for, as one text: another text means that something may have come. */
  async readPositions(): Promise<string> {
    const positions: string[] = [];
    for (const part of await this.list()) {
      if (part.aside) continue;
      const head = await this.headOf(part).catch((error: unknown) => {
        if (error instanceof PartRefused) return null;
        throw error;
      });
      if (head !== null) positions.push(JSON.stringify([head.scope, head.cursor]));
    }
    return positions.toSorted().join('\n');
  }

  /** Its cursor as of now. IMAP servers do not tell their time. */
  async headOf({ scope, name }: ScopeReference): Promise<ScopeHead | null> {
    const listed = this.#listed.get(scope);
    this.#listed.delete(scope);
    const status = listed ?? (await this.#statusOf(scope, name));
    if (status === null) return null;
    const { state, ...position } = status;
    return { scope, name, cursor: formatPosition(position), at: null, ...state };
  }
}

/** The line itself is all that is known of the folder. */
function unreadable(line: string): ScopeReference {
  const name = shownName(line).trim();
  return { scope: `=line:${name}`, name, aside: 'unreadable_name' };
}

/** Folders whose lines were too many or too long to be read. */
function leftOut({ folders, names }: LeftOut): ScopeReference[] {
  const many = { scope: '=left-out:many', name: `(${folders} more folders)`, aside: 'too_many_folders' } as const;
  const long = {
    scope: '=left-out:long',
    name: `(${names} folders with long names)`,
    aside: 'unreadable_name',
  } as const;
  return [...(folders > 0 ? [many] : []), ...(names > 0 ? [long] : [])];
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

interface NamedFolder extends ListedFolder {
  scope: string;
  /** For people. */
  name: string;
}

/** The inbox first, for new mail comes there. A folder that LIST names twice is one. */
async function withScopes(folders: ListedFolder[]): Promise<NamedFolder[]> {
  const named = new Map(folders.map((folder) => [isInbox(folder.wire) ? 'INBOX' : folder.wire, folder]));
  const inbox = named.get('INBOX');
  named.delete('INBOX');
  const once = inbox ? [inbox, ...named.values()] : [...named.values()];
  const scopes = await scopesOf(once);
  return inTurns(once, (folder) => {
    const { wire, delimiter } = folder;
    const name = shownName(wire);
    const shown = delimiter !== null && name.startsWith(delimiter) ? name.slice(1) : name;
    return { ...folder, scope: scopes.get(wire) ?? wire, name: shown };
  });
}

/** A server chooses how many folders there are: the work grows with their number and depth, no faster. */
async function selectImported(folders: NamedFolder[]): Promise<NamedFolder[]> {
  const excluded = new Set((await inTurns(folders, (one) => (isExcluded(one) ? one.wire : null))).filter(isText));
  const lengths = new Set([...excluded].map(({ length }) => length));
  const isImported = (one: NamedFolder) => isSelectable(one) && !isView(one) && !liesIn(one, excluded, lengths);
  return (await inTurns(folders, (one) => (isImported(one) ? [one] : []))).flat();
}

const isText = (value: string | null): value is string => value !== null;

async function inTurns<Item, Result>(items: readonly Item[], work: (item: Item) => Result): Promise<Result[]> {
  const results: Result[] = [];
  for (const item of items) {
    await takeTurn();
    results.push(work(item));
  }
  return results;
}

function isSelectable({ flags }: ListedFolder): boolean {
  return !NOT_SELECTABLE.some((flag) => flags.has(flag));
}

/** Whether the folder, or one that it lies in, is one of these. */
function liesIn({ wire, delimiter }: ListedFolder, wires: ReadonlySet<string>, lengths: ReadonlySet<number>): boolean {
  if (wires.has(wire)) return true;
  if (!delimiter) return false;
  for (let end = wire.lastIndexOf(delimiter); end > 0; end = wire.lastIndexOf(delimiter, end - 1)) {
    if (lengths.has(end) && wires.has(wire.slice(0, end))) return true;
  }
  return false;
}

/**
 * By the server's word (SPECIAL-USE, RFC 6154) or by any well-known name in the languages that mail programs use: two
 * programs make two folders for one use. A name counts only where a program would have made the folder: "Customers/Trash"
 * is a person's own folder, and skipping it would lose its mail.
 */
function isExcluded({ flags, name: path, delimiter }: NamedFolder): boolean {
  if (EXCLUDED_FLAGS.some((use) => flags.has(use))) return true;
  const above = delimiter ? path.split(delimiter) : [path];
  const name = above.pop() ?? path;
  const [parent, ...further] = above;
  const isProgramsPlace = parent === undefined || (isInbox(parent) && further.length === 0);
  return isProgramsPlace && EXCLUDED.includes(specialUse(false, { flags: new Set(), name }).flag ?? '');
}

/** Gmail's "All Mail" (RFC 6154 section 2) has the drafts too. */
const showsAll = ({ flags }: ListedFolder) => flags.has('\\all');

const isView = ({ flags }: ListedFolder) => VIEWS.some((view) => flags.has(view));

/** Where a folder stands, and its state where that was asked for and told. */
interface FolderStatus {
  uidvalidity: string;
  uid: number;
  state?: { state: string };
}

/** Not every server answers STATUS for every folder within LIST, nor with a UIDNEXT: then its last message tells. */
async function statusOf(connection: ImapConnection, scope: string): Promise<FolderStatus | null> {
  const status = complete(await tryStatus(connection, scope, HEAD));
  if (status !== null) return status;
  const examined = await examinedStatus(connection, scope);
  if (examined === null && isInbox(scope)) throw connection.swallowed('import');
  return examined;
}

/** Refused, it tells nothing. */
async function tryStatus(connection: ImapConnection, scope: string, items: string[]): Promise<StatusItems | undefined> {
  try {
    return await connection.run('import', () => askStatus(connection.flow, connection.nameOf(scope), items));
  } catch (error) {
    if (!connection.usable) throw error;
    return undefined;
  }
}

/** null: the folder is not there. */
async function examinedStatus(connection: ImapConnection, scope: string): Promise<FolderStatus | null> {
  return await runInFolder(connection, scope, async () => {
    const folder = await connection.examine(scope);
    return folder && { uidvalidity: folder.uidValidity, uid: await lastUid(connection, folder) };
  });
}

function complete(items: StatusItems | undefined): FolderStatus | null {
  const uidNext = numberOf(items, 'UIDNEXT', 10);
  const uidValidity = numberOf(items, 'UIDVALIDITY', 19);
  if (uidNext === null || uidValidity === null) return null;
  const position = { uidvalidity: String(uidValidity), uid: Math.max(0, Number(uidNext) - 1) };
  const messages = numberOf(items, 'MESSAGES', 10);
  const highestModseq = numberOf(items, 'HIGHESTMODSEQ', 19);
  // 0: this folder keeps none (RFC 7162 section 3.1.2.2).
  if (messages === null || !highestModseq) return position;
  return { ...position, state: { state: `${uidValidity}.${uidNext}.${messages}.${highestModseq}` } };
}

function numberOf(items: StatusItems | undefined, name: string, digits: number): bigint | null {
  const text = items?.get(name) ?? '';
  return /^\d+$/.test(text) && text.length <= digits ? BigInt(text) : null;
}

/**
 * Whether the server keeps mod-sequences (CONDSTORE), as its inbox shows. One that claims it and refuses must not be
 * asked for each of its folders.
 */
async function keepsModSequences(connection: ImapConnection): Promise<boolean> {
  if (!connection.flow.capabilities.has('CONDSTORE')) return false;
  return Boolean(numberOf(await tryStatus(connection, 'INBOX', ['HIGHESTMODSEQ']), 'HIGHESTMODSEQ', 19));
}
