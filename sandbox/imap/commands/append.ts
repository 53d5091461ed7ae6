import { MessageContent } from '../mailbox/content.ts';
import { Refusal } from '../wire/reply.ts';
import type { Completion, ImapCommand } from '../session.ts';
import { parseFlagList } from './store.ts';

/** APPEND (RFC 3501 section 6.3.11) with the APPENDUID of RFC 4315. */
export const append: ImapCommand = {
  state: 'authenticated',
  logged: true,
  run(session, parser): Completion {
    parser.space();
    const name = parser.mailbox();
    parser.space();
    const flags = parser.peek() === '(' ? parseFlagList(parser) : null;
    if (flags) parser.space();
    const date = parser.peek() === '"' ? parser.dateTime() : null;
    if (date !== null) parser.space();
    const bytes = parser.literal();
    parser.end();
    if (bytes.length === 0) throw new Refusal("Can't save a zero byte message.", 'CANNOT');
    const folder = session.owner.folders.get(name);
    if (!folder) throw new Refusal("Mailbox doesn't exist, create it first.", 'TRYCREATE');
    const { store } = session.server;
    const message = { content: MessageContent.fromBytes(bytes), flags: flags ?? [], internalMs: date ?? store.now() };
    const [stored] = store.add(session.owner, folder, [message]);
    return { text: 'Append completed.', code: `APPENDUID ${folder.uidValidity} ${stored?.uid}` };
  },
};
