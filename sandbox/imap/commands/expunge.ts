import type { Completion, ImapCommand } from '../session.ts';
import { inRanges, resolveSequenceSet } from '../wire/sequence-set.ts';

/** EXPUNGE (RFC 3501 section 6.4.3) and UID EXPUNGE (RFC 4315). What is gone is told with the updates. */

function expunging(byUid: boolean): ImapCommand {
  return {
    state: 'selected',
    logged: true,
    run(session, parser): Completion {
      if (byUid) parser.space();
      const selected = session.writableFolder();
      const set = byUid ? parser.sequenceSet() : null;
      parser.end();
      const ranges = set && resolveSequenceSet(set, selected.largestUid);
      const deleted = selected.folder.messages.filter(
        ({ uid, flags }) => flags.includes('\\Deleted') && (ranges === null || inRanges(ranges, uid)),
      );
      session.server.store.expunge(
        session.owner,
        selected.folder,
        deleted.map(({ uid }) => uid),
      );
      return { text: 'Expunge completed.' };
    },
  };
}

export const expunge = expunging(false);
export const uidExpunge = expunging(true);
