import { type FetchItem, fetchResponse, parseFetchItems } from '../mailbox/fetch-response.ts';
import type { CommandParser } from '../wire/parser.ts';
import { BadCommand } from '../wire/reply.ts';
import type { NumberedMessage } from '../mailbox/selected-folder.ts';
import type { Completion, ImapCommand, Session } from '../session.ts';

/** FETCH and UID FETCH (RFC 3501 section 6.4.5, RFC 7162 section 3.1.4). */

function fetching(byUid: boolean): ImapCommand {
  return {
    state: 'selected',
    logged: true,
    keepsNumbers: !byUid,
    async run(session, parser): Promise<Completion> {
      parser.space();
      const set = parser.sequenceSet();
      parser.space();
      const asked = parseFetchItems(parser);
      const changedSince = parseChangedSince(parser);
      parser.end();
      if (changedSince !== null || asked.some(({ name }) => name === 'MODSEQ')) session.condstore = true;
      const items = completeItems(asked, byUid, changedSince !== null);
      const wanted = session.folder.messages(set, byUid);
      const found = changedSince === null ? wanted : wanted.filter(({ message }) => message.modseq > changedSince);
      const changed = markSeen(session, found, items);
      const { email } = session.owner;
      const readsContent = items.some(({ name }) => name === 'SECTION');
      for (const numbered of found) {
        const { sequence, message } = numbered;
        if (readsContent) await session.meetFaults('api', email, 'FETCH', session.folder.folder.placeOf(message.uid));
        const withFlags = changed.has(message.uid) ? addItem(items, 'FLAGS') : items;
        session.connection.write(fetchResponse(sequence, message, withFlags));
        if (session.connection.full) await session.connection.flush();
        if (session.connection.closed) break;
      }
      return { text: 'Fetch completed.' };
    },
  };
}

export const fetch = fetching(false);
export const uidFetch = fetching(true);

function parseChangedSince(parser: CommandParser): number | null {
  if (!parser.take(' (CHANGEDSINCE ')) return null;
  const modseq = parser.number();
  if (parser.take(' VANISHED')) throw new BadCommand('VANISHED needs QRESYNC');
  parser.expect(')');
  return modseq;
}

/** A UID FETCH always says the UID, and CHANGEDSINCE the mod-sequence. */
function completeItems(asked: FetchItem[], byUid: boolean, modseq: boolean): FetchItem[] {
  const withUid = byUid && !asked.some(({ name }) => name === 'UID') ? [uidItem, ...asked] : asked;
  return modseq ? addItem(withUid, 'MODSEQ') : withUid;
}

const uidItem: FetchItem = { name: 'UID', label: 'UID' };

function addItem(items: FetchItem[], name: 'FLAGS' | 'MODSEQ'): FetchItem[] {
  return items.some((item) => item.name === name) ? items : [...items, { name, label: name }];
}

/** Sets \Seen where a body is read without PEEK. @returns the UIDs whose flags changed */
function markSeen(session: Session, found: NumberedMessage[], items: FetchItem[]): Set<number> {
  const { folder, readOnly } = session.folder;
  if (readOnly || !items.some(({ marksSeen }) => marksSeen)) return new Set();
  const unseen = found.map(({ message }) => message).filter(({ flags }) => !flags.includes('\\Seen'));
  if (unseen.length === 0) return new Set();
  const changes = unseen.map(({ uid, flags }): [number, string[]] => [uid, [...flags, '\\Seen']]);
  session.folder.markOwn(session.server.store.setFlags(session.owner, folder, changes));
  return new Set(unseen.map(({ uid }) => uid));
}
