import { systemFlags } from '../mailbox/mailbox.ts';
import { canonicalFolder } from '../wire/parser.ts';
import type { Completion, ImapCommand, Session } from '../session.ts';
import { existingFolder } from './folders.ts';

/** Opening and closing a folder (RFC 3501 sections 6.3.1, 6.3.2, 6.4.1, 6.4.2; RFC 3691; RFC 7162). */

function opening(readOnly: boolean): ImapCommand {
  return {
    state: 'authenticated',
    logged: true,
    run(session, parser): Completion {
      // Also a SELECT that fails leaves no folder selected.
      if (session.selected) session.connection.line('* OK [CLOSED] Previous mailbox closed.');
      session.selected = null;
      parser.space();
      const name = canonicalFolder(parser.mailbox());
      if (parser.take(' (')) {
        parser.expect('CONDSTORE)');
        session.condstore = true;
      }
      parser.end();
      session.select(existingFolder(session, name), readOnly);
      describeFolder(session);
      return readOnly
        ? { text: 'Examine completed.', code: 'READ-ONLY' }
        : { text: 'Select completed.', code: 'READ-WRITE' };
    },
  };
}

export const select = opening(false);
export const examine = opening(true);

function describeFolder({ connection, folder: selected }: Session): void {
  const { folder, readOnly } = selected;
  const keywords = new Set(folder.messages.flatMap(({ flags }) => flags.filter((flag) => !flag.startsWith('\\'))));
  const flags = [...systemFlags, ...keywords].join(' ');
  connection.line(`* FLAGS (${flags})`);
  connection.line(`* OK [PERMANENTFLAGS (${readOnly ? '' : `${flags} \\*`})] Flags permitted.`);
  connection.line(`* ${folder.messages.length} EXISTS`);
  connection.line('* 0 RECENT');
  const unseen = folder.messages.findIndex((message) => !message.flags.includes('\\Seen'));
  if (unseen >= 0) connection.line(`* OK [UNSEEN ${unseen + 1}] First unseen.`);
  connection.line(`* OK [UIDVALIDITY ${folder.uidValidity}] UIDs valid`);
  connection.line(`* OK [UIDNEXT ${folder.uidNext}] Predicted next UID`);
  connection.line(`* OK [HIGHESTMODSEQ ${folder.highestModseq}] Highest`);
}

export const close: ImapCommand = {
  state: 'selected',
  logged: true,
  run(session, parser) {
    parser.end();
    const { folder, readOnly } = session.folder;
    session.selected = null;
    const deleted = readOnly ? [] : folder.messages.filter(({ flags }) => flags.includes('\\Deleted'));
    session.server.store.expunge(
      session.owner,
      folder,
      deleted.map(({ uid }) => uid),
    );
    return { text: 'Close completed.' };
  },
};

export const unselect: ImapCommand = {
  state: 'selected',
  run(session, parser) {
    parser.end();
    session.selected = null;
    return { text: 'Unselect completed.' };
  },
};

export const check: ImapCommand = {
  state: 'selected',
  run(_session, parser) {
    parser.end();
    return { text: 'Check completed.' };
  },
};
