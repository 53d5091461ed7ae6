import MailComposer from 'nodemailer/lib/mail-composer/index.js';
import { Readable } from 'node:stream';
import type { AttachedFile } from './attachments.ts';
import type { Mail } from './schema.ts';

/** A file, and how its bytes are read. */
type Attached = AttachedFile & { open: () => AsyncIterable<Uint8Array> };

/**
 * A mail as a message of RFC 5322: Salesforce keeps fields and files, and no MIME. The same fields and files make the same
 * octets. A file is read when its turn comes, and never held whole.
 */
export function composeMail(mail: Mail, files: readonly Attached[]): Readable {
  const contents = files.map(({ open }) => Readable.from(whenRead(open), { objectMode: false }));
  const composer = new MailComposer({
    from: mail.FromAddress ? { name: mail.FromName ?? '', address: mail.FromAddress } : undefined,
    to: addressesOf(mail.ToAddress),
    cc: addressesOf(mail.CcAddress),
    bcc: addressesOf(mail.BccAddress),
    subject: mail.Subject ?? '',
    date: mail.MessageDate ?? mail.CreatedDate,
    messageId: mail.MessageIdentifier ?? `<${mail.Id}@salesforce.invalid>`,
    ...(mail.TextBody === null || mail.TextBody === undefined ? {} : { text: mail.TextBody }),
    ...(mail.HtmlBody ? { html: mail.HtmlBody } : {}),
    baseBoundary: mail.Id,
    attachments: files.map(({ name, contentType }, at) => ({
      filename: name,
      ...(contentType === null ? {} : { contentType }),
      content: contents[at],
    })),
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const node = composer.compile();
  node.keepBcc = true;
  const message = node.createReadStream();
  // A reader that stops halfway ends what is being read of a file.
  message.once('close', () => {
    for (const content of contents) content.destroy();
  });
  return message;
}

/** Nothing is asked before the first byte is wanted. */
async function* whenRead(open: () => AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* open();
}

/** Several are parted by semicolons or commas. */
function addressesOf(text: string | null | undefined): string[] {
  return (text ?? '')
    .split(/[;,]/)
    .map((address) => address.trim())
    .filter(Boolean);
}
