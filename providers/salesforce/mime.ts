import MailComposer from 'nodemailer/lib/mail-composer/index.js';
import { Readable } from 'node:stream';
import type { AttachedFile } from './attachments.ts';
import type { Mail } from './schema.ts';

/** Starts to read a file; null: it is no part of the mail. */
type OpenFile = (file: AttachedFile) => Promise<AsyncIterable<Uint8Array> | null>;

/**
 * A mail as a message of RFC 5322: Salesforce keeps fields and files, and no MIME. The same fields and files make the same
 * octets. A file is opened when its turn comes, and never held whole.
 */
export async function* composeMail(
  mail: Mail,
  files: readonly AttachedFile[],
  open: OpenFile,
): AsyncGenerator<Uint8Array> {
  const left = [...files];
  let opened: AsyncIterable<Uint8Array> | null = null;
  const openNext = async (): Promise<void> => {
    opened = null;
    for (let file = left.shift(); file !== undefined; file = left.shift()) {
      opened = await open(file);
      if (opened !== null) return;
      // The message's stream takes its parts one by one, so a part that is removed before its turn leaves no trace.
      parts[files.indexOf(file)]?.remove();
    }
  };
  async function* bytesInTurn(): AsyncGenerator<Uint8Array> {
    yield* opened ?? [];
    await openNext();
  }
  const contents = files.map(() => Readable.from(bytesInTurn(), { objectMode: false }));
  const message = compile(mail, files, contents);
  // Files are the last parts of a message, in their order.
  const parts = message.childNodes.slice(message.childNodes.length - files.length);
  try {
    await openNext();
    yield* message.createReadStream() as AsyncIterable<Uint8Array>;
  } finally {
    for (const content of contents) content.destroy();
  }
}

function compile(mail: Mail, files: readonly AttachedFile[], contents: readonly Readable[]) {
  const hasText = Boolean(mail.TextBody) || Boolean(mail.HtmlBody);
  // A file without a text would be the message itself, and no part of it.
  const text = hasText || files.length === 0 ? mail.TextBody : '\r\n';
  const composer = new MailComposer({
    from: mail.FromAddress ? { name: mail.FromName ?? '', address: mail.FromAddress } : undefined,
    to: addressesOf(mail.ToAddress),
    cc: addressesOf(mail.CcAddress),
    bcc: addressesOf(mail.BccAddress),
    subject: mail.Subject ?? '',
    date: mail.MessageDate ?? mail.CreatedDate,
    messageId: mail.MessageIdentifier ?? `<${mail.Id}@salesforce.invalid>`,
    ...(text === null || text === undefined ? {} : { text }),
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
  return node;
}

/** Several are parted by semicolons or commas. */
function addressesOf(text: string | null | undefined): string[] {
  return (text ?? '')
    .split(/[;,]/)
    .map((address) => address.trim())
    .filter(Boolean);
}
