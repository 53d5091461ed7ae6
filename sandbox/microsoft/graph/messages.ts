import type { HttpAnswer } from '../../http-answer.ts';
import { madeAnew } from '../mailbox/mime-content.ts';
import type { MessageRow } from '../rows.ts';
import { json } from './answers.ts';
import { findFolder, liesIn } from './folders.ts';
import { messageResource } from './message-resource.ts';
import type { MailboxRequest } from './request.ts';

/** https://learn.microsoft.com/graph/api/message-get */
export function getMessage(of: MailboxRequest): HttpAnswer {
  const row = findMessage(of);
  if ('status' in row) return row;
  const context = `${of.graph.address}/$metadata#users('${of.account.oid}')/messages/$entity`;
  return json(200, { '@odata.context': context, ...messageResource(of, row) });
}

/** `$value`: the message as MIME, which Exchange makes anew for each reader. */
export function getMimeContent(of: MailboxRequest): HttpAnswer {
  const row = findMessage(of);
  if ('status' in row) return row;
  return { status: 200, headers: { 'content-type': 'text/plain' }, body: '', bytes: madeAnew(row.spec) };
}

/** By the last id of the path, in the folder of the one before where there is one. */
function findMessage(of: MailboxRequest): MessageRow | HttpAnswer {
  const { graph, account, ids } = of;
  const id = ids.at(-1) ?? '';
  const folder = ids.length > 1 ? findFolder(of, ids[0]) : undefined;
  if (folder && 'status' in folder) return folder;
  const row = graph.store.mailbox(account.email).get(id);
  if (row && (!folder || liesIn(folder, row))) return row;
  return /^AA(Mk|Qk|kA)/.test(id) ? graph.errors.noSuchItem() : graph.errors.malformedId();
}
