import type { Folder } from '../mailbox/mailbox.ts';
import type { CommandParser } from '../wire/parser.ts';
import { encodeFolderName } from '../wire/modified-utf7.ts';
import { BadCommand, imapString } from '../wire/reply.ts';
import type { ImapCommand } from '../session.ts';
import { existingFolder } from './folders.ts';

const values = {
  MESSAGES: (folder: Folder) => folder.messages.length,
  RECENT: () => 0,
  UIDNEXT: (folder: Folder) => folder.uidNext,
  UIDVALIDITY: (folder: Folder) => folder.uidValidity,
  UNSEEN: (folder: Folder) => folder.messages.length - folder.count('\\Seen'),
  HIGHESTMODSEQ: (folder: Folder) => folder.highestModseq,
  SIZE: (folder: Folder) => folder.messages.reduce((sum, message) => sum + message.content.size, 0),
};

export type StatusItem = keyof typeof values;

/** STATUS (RFC 3501 section 6.3.10, RFC 7162, RFC 8438). */
export const status: ImapCommand = {
  state: 'authenticated',
  logged: true,
  run(session, parser) {
    parser.space();
    const name = parser.mailbox();
    parser.space();
    const items = parseStatusItems(parser);
    parser.end();
    if (items.includes('HIGHESTMODSEQ')) session.condstore = true;
    session.connection.write(statusLine(existingFolder(session, name), items));
    return { text: 'Status completed.' };
  },
};

export function parseStatusItems(parser: CommandParser): StatusItem[] {
  const items = parser.list(() => parser.keyword());
  const unknown = items.find((item) => !Object.hasOwn(values, item));
  if (unknown !== undefined || items.length === 0) throw new BadCommand(`Invalid status item ${unknown ?? ''}`);
  return items as StatusItem[];
}

export function statusLine(folder: Folder, items: StatusItem[]): string {
  const pairs = items.map((item) => `${item} ${values[item](folder)}`);
  return `* STATUS ${imapString(encodeFolderName(folder.name)).toString('latin1')} (${pairs.join(' ')})\r\n`;
}
