import type { HttpAnswer } from '../http-answer.ts';
import { readSentMail } from '../sent-mail.ts';
import { gmailError, json } from './answers.ts';
import type { AccountRow } from './rows.ts';
import type { GoogleStore } from './store.ts';

/**
 * users.messages.send by media upload: the message is in Sent at once, and in the inbox of recipients here.
 * https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/send
 */
export function sendMessage(store: GoogleStore, account: AccountRow, { body }: { body: string }): HttpAnswer {
  const mail = readSentMail(Buffer.from(body));
  if (mail.recipients.length === 0) return gmailError.invalidArgument('Recipient address required');
  const kept = { at: 'google', email: account.email, folder: 'SENT', raw: mail.raw } as const;
  const { provider_id: id } = store.deps.post.keep(kept);
  store.deps.post.carry({ from: 'google', to: mail.recipients, raw: mail.copy });
  return json(200, { id, threadId: id, labelIds: ['SENT'] });
}
