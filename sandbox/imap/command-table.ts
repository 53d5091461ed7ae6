import { append } from './commands/append.ts';
import { copy, move, uidCopy, uidMove } from './commands/copy.ts';
import { expunge, uidExpunge } from './commands/expunge.ts';
import { fetch, uidFetch } from './commands/fetch.ts';
import { create, remove, rename, subscribe, unsubscribe } from './commands/folders.ts';
import { capability, enable, id, idle, logout, namespace, noop, startTls } from './commands/general.ts';
import { list, lsub } from './commands/list.ts';
import { authenticate, login } from './commands/login.ts';
import { search, uidSearch } from './commands/search.ts';
import { check, close, examine, select, unselect } from './commands/select.ts';
import { status } from './commands/status.ts';
import { store, uidStore } from './commands/store.ts';
import type { ImapCommand } from './session.ts';

/** What changes a mailbox. */
const writing = ['CREATE', 'DELETE', 'RENAME', 'SUBSCRIBE', 'UNSUBSCRIBE', 'APPEND', 'EXPUNGE', 'UID EXPUNGE'].concat([
  'STORE',
  'UID STORE',
  'COPY',
  'UID COPY',
  'MOVE',
  'UID MOVE',
  'SELECT',
]);

/** A server whose mailboxes are kept elsewhere, are only read here, and are opened by a token. */
export function readingByToken(authenticateByToken: ImapCommand): ReadonlyMap<string, ImapCommand> {
  const reading = [...commandTable].filter(
    ([name]) => !writing.includes(name) && name !== 'LOGIN' && name !== 'STARTTLS',
  );
  return new Map([...reading, ['AUTHENTICATE', authenticateByToken]]);
}

/** Every command the server understands, by its name in capitals. */
export const commandTable: ReadonlyMap<string, ImapCommand> = new Map([
  ['CAPABILITY', capability],
  ['NOOP', noop],
  ['LOGOUT', logout],
  ['ID', id],
  ['STARTTLS', startTls],
  ['LOGIN', login],
  ['AUTHENTICATE', authenticate],
  ['ENABLE', enable],
  ['NAMESPACE', namespace],
  ['IDLE', idle],
  ['SELECT', select],
  ['EXAMINE', examine],
  ['CREATE', create],
  ['DELETE', remove],
  ['RENAME', rename],
  ['SUBSCRIBE', subscribe],
  ['UNSUBSCRIBE', unsubscribe],
  ['LIST', list],
  ['LSUB', lsub],
  ['STATUS', status],
  ['APPEND', append],
  ['CHECK', check],
  ['CLOSE', close],
  ['UNSELECT', unselect],
  ['EXPUNGE', expunge],
  ['UID EXPUNGE', uidExpunge],
  ['SEARCH', search],
  ['UID SEARCH', uidSearch],
  ['FETCH', fetch],
  ['UID FETCH', uidFetch],
  ['STORE', store],
  ['UID STORE', uidStore],
  ['COPY', copy],
  ['UID COPY', uidCopy],
  ['MOVE', move],
  ['UID MOVE', uidMove],
]);
