import { Refusal } from '../wire/reply.ts';
import { formatSequenceSet } from '../wire/sequence-set.ts';
import type { Completion, ImapCommand } from '../session.ts';

/** COPY and MOVE with their UID forms (RFC 3501 section 6.4.7, RFC 6851, RFC 4315). */

function copying(byUid: boolean, move: boolean): ImapCommand {
  return {
    state: 'selected',
    logged: true,
    // A MOVE tells of what it removed.
    keepsNumbers: !byUid && !move,
    run(session, parser): Completion {
      parser.space();
      const set = parser.sequenceSet();
      parser.space();
      const name = parser.mailbox();
      parser.end();
      const selected = move ? session.writableFolder() : session.folder;
      const target = session.owner.folders.get(name);
      if (!target) throw new Refusal("Mailbox doesn't exist, create it first.", 'TRYCREATE');
      const messages = selected.messages(set, byUid).map(({ message }) => message);
      const text = `${move ? 'Move' : 'Copy'} completed.`;
      if (messages.length === 0) return { text: byUid ? text : 'No messages found.' };
      const copies = session.server.store.copy(session.owner, selected.folder, messages, target, move);
      const [from, to] = [messages, copies].map((list) => formatSequenceSet(list.map(({ uid }) => uid)));
      const code = `COPYUID ${target.uidValidity} ${from} ${to}`;
      if (!move) return { text, code };
      session.connection.line(`* OK [${code}] Moved UIDs.`);
      return { text };
    },
  };
}

export const copy = copying(false, false);
export const uidCopy = copying(true, false);
export const move = copying(false, true);
export const uidMove = copying(true, true);
