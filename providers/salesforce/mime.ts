import MailComposer from 'nodemailer/lib/mail-composer/index.js';
import type { Mail } from './schema.ts';

/**
 * A mail as a message of RFC 5322: Salesforce keeps fields and no MIME. The same fields make the same octets. Attachments are
 * files of their own in Salesforce, and no part of it.
 */
export async function composeMail(mail: Mail): Promise<Buffer> {
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
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const node = composer.compile();
  node.keepBcc = true;
  return node.build();
}

/** Several are parted by semicolons or commas. */
function addressesOf(text: string | null | undefined): string[] {
  return (text ?? '')
    .split(/[;,]/)
    .map((address) => address.trim())
    .filter(Boolean);
}
