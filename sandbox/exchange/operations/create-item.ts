import { html as xml } from '../../html.ts';
import { placeOf } from '../../microsoft/mailbox/mailbox.ts';
import type { AccountRow } from '../rows.ts';
import type { EwsError } from '../soap/answer.ts';
import { failed, succeeded } from '../soap/answer.ts';
import type { XmlElement } from '../soap/element.ts';
import { EWS } from '../soap/errors.ts';
import { readSentMail } from '../../sent-mail.ts';
import type { ExchangeStore } from '../store.ts';
import { itemIdOf } from './item-resource.ts';
import type { EwsRequest, Operation } from './operation.ts';
import { findFolder, mayRead } from './operation.ts';

/**
 * Sends messages that come as MIME, and keeps the copies.
 * https://learn.microsoft.com/exchange/client-developer/web-service-reference/createitem-operation
 */
export const createItem: Operation = (request) => {
  const disposition = request.asked.attributes['MessageDisposition'] ?? 'SaveOnly';
  const target = request.asked.at('SavedItemFolderId')?.children[0];
  const folder = target ? findFolder(request, target) : null;
  if (folder && 'code' in folder) return [failed('CreateItem', folder, xml`<m:Items/>`)];
  const keptIn = folder ?? ownFolder(request, disposition === 'SaveOnly' ? 'drafts' : 'sentitems');
  return (request.asked.at('Items')?.children ?? []).map((item) => {
    const mime = mimeOf(item);
    if ('code' in mime) return failed('CreateItem', mime, xml`<m:Items/>`);
    const refusal = disposition === 'SaveOnly' ? null : send(request, mime.bytes, bccOf(item));
    if (refusal) return failed('CreateItem', refusal, xml`<m:Items/>`);
    if (disposition === 'SendOnly') return succeeded('CreateItem', xml`<m:Items/>`);
    return succeeded(
      'CreateItem',
      xml`<m:Items><t:Message>${keep(request.store, keptIn, mime.bytes)}</t:Message></m:Items>`,
    );
  });
};

function ownFolder({ login }: EwsRequest, folder: string) {
  return { owner: login, folder: { well_known: folder, name: folder } };
}

function mimeOf(item: XmlElement): { bytes: Buffer } | EwsError {
  const content = item.textAt('MimeContent');
  if (content === undefined) return EWS.invalidRequest;
  const bytes = Buffer.from(content, 'base64');
  return bytes.includes(':') ? { bytes } : EWS.mimeInvalid;
}

function bccOf(item: XmlElement): string[] {
  const mailboxes = item.at('BccRecipients')?.children ?? [];
  return mailboxes.flatMap((mailbox) => mailbox.textAt('EmailAddress')?.toLowerCase() ?? []);
}

function keep(
  store: ExchangeStore,
  { owner, folder }: { owner: AccountRow; folder: { well_known: string | null; name: string } },
  bytes: Buffer,
) {
  const path = folder.well_known ?? folder.name;
  const [row] = store.deliver(owner.email, { count: 1, folder: path, raw: bytes.toString('base64') });
  const place = row && placeOf(row);
  return place ? itemIdOf(place) : null;
}

/**
 * Delivers to the mailboxes of the sandbox at once. Of Bcc only BccRecipients are read, the strictest reading of the
 * documentation; recipients do not see a Bcc field either. A refusal sends nothing.
 */
function send({ store, login, held }: EwsRequest, bytes: Buffer, bcc: readonly string[]): EwsError | null {
  const { from, shown, copy } = readSentMail(bytes);
  const recipients = [...shown, ...bcc];
  if (held.has('message_too_large')) return EWS.messageTooLarge;
  if (held.has('mailbox_full')) return EWS.quotaExceeded;
  if (recipients.length === 0) return EWS.invalidRecipients;
  const sender = from === undefined ? login : store.account(from);
  if (!sender || !mayRead(login, sender)) return EWS.sendAsDenied;
  store.deps.post.carry({ from: 'exchange', to: recipients, raw: copy });
  return null;
}
