import { type StoredMessage, systemFlags } from '../mailbox/mailbox.ts';
import type { CommandParser } from '../wire/parser.ts';
import { BadCommand } from '../wire/reply.ts';
import { formatSequenceSet } from '../wire/sequence-set.ts';
import type { Completion, ImapCommand } from '../session.ts';

/** STORE and UID STORE (RFC 3501 section 6.4.6, RFC 7162 section 3.1.3). */

interface StoreRequest {
  unchangedSince: number;
  change: 'set' | 'add' | 'remove';
  silent: boolean;
  flags: string[];
}

function storing(byUid: boolean): ImapCommand {
  return {
    state: 'selected',
    logged: true,
    keepsNumbers: !byUid,
    run(session, parser): Completion {
      parser.space();
      const set = parser.sequenceSet();
      const request = parseStore(parser);
      const selected = session.writableFolder();
      if (request.unchangedSince < Infinity) session.condstore = true;
      const wanted = selected.messages(set, byUid);
      const found = wanted.filter(({ message }) => message.modseq <= request.unchangedSince);
      const refused = wanted.filter(({ message }) => message.modseq > request.unchangedSince);
      const changes = found
        .map(({ message }): [number, string[]] => [message.uid, nextFlags(message, request)])
        .filter(([uid, flags]) => !sameFlags(selected.folder.message(uid)?.flags ?? [], flags));
      if (changes.length > 0) selected.markOwn(session.server.store.setFlags(session.owner, selected.folder, changes));
      for (const { sequence, message } of found) {
        const items = [`UID ${message.uid}`];
        if (!request.silent) items.push(`FLAGS (${message.flags.join(' ')})`);
        if (session.condstore) items.push(`MODSEQ (${message.modseq})`);
        if (!byUid) items.shift();
        if (!request.silent || session.condstore) session.connection.line(`* ${sequence} FETCH (${items.join(' ')})`);
      }
      if (refused.length === 0) return { text: 'Store completed.' };
      const numbers = refused.map(({ message, sequence }) => (byUid ? message.uid : sequence));
      return { text: 'Conditional store failed.', code: `MODIFIED ${formatSequenceSet(numbers)}` };
    },
  };
}

export const store = storing(false);
export const uidStore = storing(true);

function parseStore(parser: CommandParser): StoreRequest {
  let unchangedSince = Infinity;
  if (parser.take(' (UNCHANGEDSINCE ')) {
    unchangedSince = parser.number();
    parser.expect(')');
  }
  parser.space();
  const change = parser.take('+') ? 'add' : parser.take('-') ? 'remove' : 'set';
  parser.expect('FLAGS');
  const silent = parser.take('.SILENT');
  parser.space();
  const flags = parseFlags(parser);
  parser.end();
  return { unchangedSince, change, silent, flags };
}

/** Flags with or without parentheses around them. */
function parseFlags(parser: CommandParser): string[] {
  if (parser.peek() === '(') return parseFlagList(parser);
  const flags = [systemFlag(parser.flag())];
  while (parser.take(' ')) flags.push(systemFlag(parser.flag()));
  return flags;
}

export function parseFlagList(parser: CommandParser): string[] {
  return [...new Set(parser.list(() => systemFlag(parser.flag())))];
}

/** A system flag in its usual spelling. @throws BadCommand for one that clients may not set */
function systemFlag(flag: string): string {
  if (!flag.startsWith('\\')) return flag;
  const known = systemFlags.find((system) => system.toLowerCase() === flag.toLowerCase());
  if (!known) throw new BadCommand(`Invalid system flag ${flag}`);
  return known;
}

function nextFlags({ flags }: StoredMessage, request: StoreRequest): string[] {
  if (request.change === 'set') return request.flags;
  const rest = flags.filter((flag) => !request.flags.includes(flag));
  return request.change === 'remove' ? rest : [...rest, ...request.flags];
}

function sameFlags(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((flag) => other.includes(flag));
}
