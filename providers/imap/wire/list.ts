import type { ImapFlow } from 'imapflow';
import { executeRaw } from './flow-internals.ts';
import type { RawLine, Token } from './flow-internals.ts';

/** A folder as LIST told of it. */
export interface ListedFolder {
  /** Its name's bytes, one character each. */
  wire: string;
  delimiter: string | null;
  /** Lower-case. */
  flags: ReadonlySet<string>;
}

/** The items of a STATUS answer, by name in capitals. */
export type StatusItems = ReadonlyMap<string, string>;

export interface Listing {
  folders: ListedFolder[];
  /** What LIST-STATUS (RFC 5819) told by the way, by name. */
  statuses: Map<string, StatusItems>;
  /** Lines that name a folder and cannot be read, as text. */
  unreadable: string[];
}

/** Enough of a line to find its folder by. */
const SHOWN_CHARS = 200;

/** Lists every folder, with these STATUS items where the server brings them in the same answer. */
export async function listFolders(flow: ImapFlow, statusItems: readonly string[] = []): Promise<Listing> {
  const { capabilities } = flow;
  const useStatus = capabilities.has('LIST-STATUS') && statusItems.length > 0;
  const useSpecial = capabilities.has('SPECIAL-USE') && (useStatus || capabilities.has('LIST-EXTENDED'));
  const status = useStatus ? [atom('STATUS'), statusItems.map((item) => atom(item))] : [];
  // Options that a server offers and then refuses are left out one after the other.
  const wanted = [useSpecial ? [...status, atom('SPECIAL-USE')] : status, status, []];
  const stages = wanted.filter((options, i) => i === 0 || options.length !== wanted[i - 1]?.length);
  for (const options of stages) {
    try {
      return await list(flow, options.length === 0 ? [] : [atom('RETURN'), options]);
    } catch (error) {
      if (options.length === 0 || !isRefusedCommand(error)) throw error;
    }
  }
  throw new Error('A listing without options is always tried');
}

/** Whether LIST still names the folder. */
export async function isListed(flow: ImapFlow, name: { wire: string; token: Token }): Promise<boolean> {
  const listing: Listing = { folders: [], statuses: new Map(), unreadable: [] };
  await executeRaw(flow, ['LIST', ['', name.token]], ['LIST'], (line) => readInto(listing, line));
  return listing.folders.some(({ wire, flags }) => wire === name.wire && !flags.has('\\nonexistent'));
}

const atom = (value: string): Token => ({ type: 'ATOM', value });

function isRefusedCommand(error: unknown): boolean {
  const { responseStatus, code } = error as { responseStatus?: string; code?: string };
  return responseStatus === 'BAD' && code !== 'ETHROTTLE';
}

async function list(flow: ImapFlow, options: Token[]): Promise<Listing> {
  const listing: Listing = { folders: [], statuses: new Map(), unreadable: [] };
  // Gmail's own, older than SPECIAL-USE.
  const command = flow.capabilities.has('XLIST') && !flow.capabilities.has('SPECIAL-USE') ? 'XLIST' : 'LIST';
  await executeRaw(flow, [command, ['', '*', ...options]], ['LIST', 'XLIST', 'STATUS'], (line) =>
    readInto(listing, line),
  );
  return listing;
}

/** RFC 3501 section 7.2.2. */
const LIST_LINE = /^\* X?LIST \(([^)]*)\) (?:NIL|"(\\?[^\r\n])") /i;
const STATUS_LINE = /^\* STATUS /i;
const STATUS_ITEMS = /^ ?\(([^)]*)\)/;

function readInto({ folders, statuses, unreadable }: Listing, { payload, literals }: RawLine): void {
  const line = payload.toString('latin1').replace(/^\0+/, '');
  if (STATUS_LINE.test(line)) return readStatus(statuses, { payload, literals });
  const [start, flags = '', delimiter] = LIST_LINE.exec(line) ?? [];
  const read = start === undefined ? null : readName(line.slice(start.length), literals);
  // After the name only extended data may follow, in parentheses (RFC 5258 section 3.5).
  if (read === null || !/^(?: \(.*\))? *$/s.test(read.rest)) {
    unreadable.push(line.slice(0, SHOWN_CHARS));
    return;
  }
  const words = flags.toLowerCase().split(' ').filter(Boolean);
  folders.push({ wire: read.wire, delimiter: delimiter?.at(-1) ?? null, flags: new Set(words) });
}

/** Reads a line of STATUS. */
export function readStatus(statuses: Map<string, StatusItems>, { payload, literals }: RawLine): void {
  const read = readName(payload.toString('latin1').replace(/^\0*\* STATUS /i, ''), literals);
  const items = read && STATUS_ITEMS.exec(read.rest)?.[1];
  if (read && items !== undefined) statuses.set(read.wire, readItems(items ?? ''));
}

/** A name as a quoted string, a literal or an atom; null: none of these. */
function readName(text: string, literals: Buffer[]): { wire: string; rest: string } | null {
  const literal = /^\{\d+\+?\}\r?\n/.exec(text);
  if (literal) return { wire: literals[0]?.toString('latin1') ?? '', rest: text.slice(literal[0].length) };
  const quoted = /^"((?:[^"\\]|\\.)*)"/s.exec(text);
  if (quoted) return { wire: (quoted[1] ?? '').replaceAll(/\\(.)/gs, '$1'), rest: text.slice(quoted[0].length) };
  const bare = /^[^\s"(){]+/.exec(text);
  return bare && { wire: bare[0], rest: text.slice(bare[0].length) };
}

function readItems(items: string): StatusItems {
  return new Map(
    [...items.matchAll(/([A-Za-z]+) (\d+)/g)].map(([, name = '', value = '']) => [name.toUpperCase(), value]),
  );
}
