import MailComposer from 'nodemailer/lib/mail-composer/index.js';
import type { Readable } from 'node:stream';
import type { AttachedFile } from './attachments.ts';
import type { Mail } from './schema.ts';

/** A file, and its bytes. */
export type OpenedFile = AttachedFile & { content: Readable };

/**
 * A mail as a message of RFC 5322: Salesforce keeps fields and files, and no MIME. The same fields and files make the same
 * octets. A file is read when its turn comes, and never held whole. The caller ends files that a reader leaves unread.
 */
export function composeMail(mail: Mail, files: readonly OpenedFile[]): Readable {
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
    attachments: files.map(({ name, contentType, content }) => ({
      filename: name,
      ...(contentType === null ? {} : { contentType }),
      content,
    })),
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const node = composer.compile();
  node.keepBcc = true;
  return node.createReadStream();
}

/** Several are parted by semicolons or commas. */
function addressesOf(text: string | null | undefined): string[] {
  return (text ?? '')
    .split(/[;,]/)
    .map((address) => address.trim())
    .filter(Boolean);
}
