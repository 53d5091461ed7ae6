import type { Identity, Session } from '../contract.ts';
import { comesAfter, listChanges, listWindow } from './changes.ts';
import type { ImapAccess, ImapConnection, ImapSettings } from './client.ts';
import { Folders, readNewestDate } from './folders.ts';
import { listenToInbox } from './idle.ts';
import { fetchMessages, readHeaders, stillThere, within } from './messages.ts';
import type { JustAsked } from './messages.ts';

export interface SessionSettings extends ImapSettings {
  /** How long a held connection is silent before the other folders are asked for. */
  quietMs: number;
}

/** A session on a connection that is logged in. */
export function createSession(
  connection: ImapConnection,
  { access, quietMs }: { access: ImapAccess } & Pick<SessionSettings, 'quietMs'>,
  whoItIs: () => Promise<Omit<Identity, 'proved'>>,
): Session {
  const { host } = access.server;
  const folders = new Folders(connection, access.namespaces);
  let justAsked: JustAsked | null = null;
  const verify = async () => {
    await connection.run('login', () => connection.flow.mailboxOpen('INBOX', { readOnly: true }));
    return `Signed in at ${host} as ${access.username} and opened the inbox`;
  };
  return {
    verify,
    async identify() {
      const proved = await verify();
      return { ...(await whoItIs()), proved };
    },
    parts: (asked) => folders.list(asked),
    headOf: (part) => folders.headOf(part),
    newestAt: () => readNewestDate(connection),
    comesAfter,
    listChanges: (scope, cursor, limit) => listChanges(connection, scope, cursor, limit),
    listWindow: (scope, window, position, limit) => listWindow(connection, scope, window, position, limit),
    async within(scope, items, window) {
      const found = await within(connection, scope, items, window);
      justAsked = found.justAsked;
      return found.items;
    },
    stillThere: (scope, items) => stillThere(connection, scope, items),
    readHeaders: (scope, items) => readHeaders(connection, scope, items),
    fetchMessages: (scope, items) => fetchMessages(connection, scope, items, justAsked),
    listen: (heard, signal) =>
      listenToInbox(connection, heard, signal, { readPositions: () => folders.readPositions(), quietMs }),
    close: () => connection.logout(),
  };
}
