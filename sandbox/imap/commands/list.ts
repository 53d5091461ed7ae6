import type { Folder } from '../mailbox/mailbox.ts';
import { encodeFolderName } from '../wire/modified-utf7.ts';
import { canonicalFolder, type CommandParser } from '../wire/parser.ts';
import { BadCommand, imapString } from '../wire/reply.ts';
import type { ImapCommand, Session } from '../session.ts';
import { parseStatusItems, statusLine, type StatusItem } from './status.ts';

/** LIST and LSUB (RFC 3501 section 6.3.8, RFC 5258, RFC 5819, RFC 6154). */

interface ListRequest {
  patterns: RegExp[];
  /** A pattern was empty: only the separator is asked for. */
  delimiterOnly: boolean;
  selection: Set<string>;
  returns: Set<string>;
  status: StatusItem[];
}

export const list: ImapCommand = {
  state: 'authenticated',
  logged: true,
  run(session, parser) {
    const request = parseRequest(parser);
    if (request.delimiterOnly) session.connection.line('* LIST (\\Noselect) "/" ""');
    for (const folder of matching(session, request)) {
      session.connection.line(`* LIST (${attributes(session, folder, request)}) "/" ${wireName(folder)}`);
      if (request.status.length > 0) session.connection.write(statusLine(folder, request.status));
    }
    return { text: 'List completed.' };
  },
};

export const lsub: ImapCommand = {
  state: 'authenticated',
  logged: true,
  run(session, parser) {
    parser.space();
    const reference = parser.mailbox();
    parser.space();
    const pattern = compilePattern(reference + parser.listPattern());
    parser.end();
    for (const folder of session.owner.folders.values()) {
      if (folder.subscribed && pattern.test(folder.name)) session.connection.line(`* LSUB () "/" ${wireName(folder)}`);
    }
    return { text: 'Lsub completed.' };
  },
};

function parseRequest(parser: CommandParser): ListRequest {
  parser.space();
  const selection = parseSelection(parser);
  const reference = parser.mailbox();
  parser.space();
  const patterns = parser.peek() === '(' ? parser.list(() => parser.listPattern()) : [parser.listPattern()];
  const returns = new Set<string>();
  const status: StatusItem[] = [];
  if (parser.take(' RETURN ')) {
    parser.list(() => {
      const option = parser.keyword();
      if (option === 'STATUS') {
        parser.space();
        status.push(...parseStatusItems(parser));
      } else if (!['SUBSCRIBED', 'CHILDREN', 'SPECIAL-USE'].includes(option)) {
        throw new BadCommand(`Unknown LIST return option ${option}`);
      }
      return returns.add(option);
    });
  }
  parser.end();
  const named = patterns.filter((pattern) => pattern !== '');
  const compiled = named.map((pattern) => compilePattern(canonicalFolder(reference + pattern)));
  return { patterns: compiled, delimiterOnly: named.length < patterns.length, selection, returns, status };
}

function parseSelection(parser: CommandParser): Set<string> {
  if (parser.peek() !== '(') return new Set();
  const options = parser.list(() => parser.keyword());
  parser.space();
  const unknown = options.find((option) => !['SUBSCRIBED', 'REMOTE', 'RECURSIVEMATCH', 'SPECIAL-USE'].includes(option));
  if (unknown) throw new BadCommand(`Unknown LIST selection option ${unknown}`);
  return new Set(options);
}

/** `%` stops at a separator, `*` does not. */
function compilePattern(pattern: string): RegExp {
  const source = pattern.replace(/[.*+?^${}()|[\]\\%]/g, (character) => {
    if (character === '*') return '.*';
    return character === '%' ? '[^/]*' : `\\${character}`;
  });
  return new RegExp(`^${source}$`, 'su');
}

function matching(session: Session, { patterns, selection }: ListRequest): Folder[] {
  return [...session.owner.folders.values()].filter((folder) => {
    if (selection.has('SUBSCRIBED') && !folder.subscribed) return false;
    if (selection.has('SPECIAL-USE') && !folder.specialUse) return false;
    return patterns.some((pattern) => pattern.test(folder.name));
  });
}

function attributes(session: Session, folder: Folder, { selection, returns }: ListRequest): string {
  const hasChildren = [...session.owner.folders.keys()].some((name) => name.startsWith(`${folder.name}/`));
  const names = [hasChildren ? '\\HasChildren' : '\\HasNoChildren'];
  if (folder.specialUse) names.push(folder.specialUse);
  if (folder.subscribed && (selection.has('SUBSCRIBED') || returns.has('SUBSCRIBED'))) names.push('\\Subscribed');
  return names.join(' ');
}

function wireName(folder: Folder): string {
  const name = encodeFolderName(folder.name);
  return /^[\w.-]+(\/[\w.-]+)*$/.test(name) ? name : imapString(name).toString('latin1');
}
