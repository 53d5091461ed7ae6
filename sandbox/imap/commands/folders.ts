import type { Folder } from '../mailbox/mailbox.ts';
import { Refusal } from '../wire/reply.ts';
import type { ImapCommand, Session } from '../session.ts';

/** Commands that change the folders themselves (RFC 3501 sections 6.3.3 to 6.3.7). */

/** @throws Refusal [NONEXISTENT] */
export function existingFolder(session: Session, name: string): Folder {
  const folder = session.owner.folders.get(name);
  if (!folder) throw new Refusal(`Mailbox doesn't exist: ${name.replace(/[^\x20-\x7e]/g, '?')}`, 'NONEXISTENT');
  return folder;
}

export const create: ImapCommand = {
  state: 'authenticated',
  logged: true,
  run(session, parser) {
    parser.space();
    // A trailing separator only says that folders will be made below (RFC 3501 section 6.3.3).
    const name = parser.mailbox().replace(/\/$/, '');
    parser.end();
    if (session.owner.folders.has(name)) throw new Refusal('Mailbox already exists', 'ALREADYEXISTS');
    session.server.store.createFolder(session.owner, name);
    return { text: 'Create completed.' };
  },
};

export const remove: ImapCommand = {
  state: 'authenticated',
  logged: true,
  run(session, parser) {
    parser.space();
    const folder = existingFolder(session, parser.mailbox());
    parser.end();
    if (folder.name === 'INBOX') throw new Refusal("INBOX can't be deleted.", 'CANNOT');
    if (folder === session.selected?.folder) session.selected = null;
    session.server.store.deleteFolder(session.owner, folder);
    return { text: 'Delete completed.' };
  },
};

export const rename: ImapCommand = {
  state: 'authenticated',
  logged: true,
  run(session, parser) {
    parser.space();
    const folder = existingFolder(session, parser.mailbox());
    parser.space();
    const to = parser.mailbox();
    parser.end();
    if (session.owner.folders.has(to)) throw new Refusal('Target mailbox already exists', 'ALREADYEXISTS');
    if (to.startsWith(`${folder.name}/`)) throw new Refusal("Can't rename a mailbox below itself.", 'CANNOT');
    session.server.store.renameFolder(session.owner, folder, to);
    return { text: 'Rename completed.' };
  },
};

function subscription(subscribed: boolean): ImapCommand {
  return {
    state: 'authenticated',
    logged: true,
    run(session, parser) {
      parser.space();
      const folder = existingFolder(session, parser.mailbox());
      parser.end();
      session.server.store.subscribe(session.owner, folder, subscribed);
      return { text: `${subscribed ? 'Subscribe' : 'Unsubscribe'} completed.` };
    },
  };
}

export const subscribe = subscription(true);
export const unsubscribe = subscription(false);
