import PostalMime from 'postal-mime';
import type { Attachment, Email } from 'postal-mime';
import { makeSafe } from './safe-html.ts';
import type { InlinePicture } from './safe-html.ts';

/** Longer text is shown up to here, in characters. */
const MOST_TEXT_CHARS = 1024 * 1024;
const MOST_ATTACHMENTS = 500;

interface ViewedAttachment {
  number: number;
  name: string | null;
  mediaType: string;
  size: number;
}

export interface ViewedMessage {
  text: string | null;
  html: string | null;
  remoteImages: number;
  attachments: ViewedAttachment[];
  isCut: boolean;
}

/** A mail as a person reads it (RFC 2045, RFC 2392 for pictures within). */
export async function viewMail(content: Uint8Array): Promise<ViewedMessage> {
  const { text, html, attachments } = await parse(content);
  const safe = html ? makeSafe(html, picturesOf(attachments)) : null;
  return {
    text: text?.slice(0, MOST_TEXT_CHARS) ?? null,
    html: safe?.html ?? null,
    remoteImages: safe?.remoteImages ?? 0,
    attachments: attachments.slice(0, MOST_ATTACHMENTS).map(describe),
    isCut: (safe?.isCut ?? false) || (text?.length ?? 0) > MOST_TEXT_CHARS || attachments.length > MOST_ATTACHMENTS,
  };
}

/** null: the mail has no such attachment. */
export async function takeAttachment(content: Uint8Array, number: number): Promise<Uint8Array | null> {
  const attachment = (await parse(content)).attachments[number - 1];
  return attachment ? bytesOf(attachment) : null;
}

const parse = (content: Uint8Array): Promise<Email> =>
  PostalMime.parse(content, { attachmentEncoding: 'arraybuffer', maxNestingDepth: 50 });

const bytesOf = ({ content }: Attachment): Uint8Array =>
  typeof content === 'string' ? new TextEncoder().encode(content) : new Uint8Array(content);

const describe = (attachment: Attachment, at: number): ViewedAttachment => ({
  number: at + 1,
  name: attachment.filename?.slice(0, 250) ?? null,
  mediaType: attachment.mimeType.slice(0, 100),
  size: bytesOf(attachment).byteLength,
});

function picturesOf(attachments: Attachment[]): Map<string, InlinePicture> {
  const named = attachments.filter(({ contentId }) => contentId);
  return new Map(
    named.map((attachment) => [
      attachment.contentId!.replaceAll(/^<|>$/g, ''),
      { mediaType: attachment.mimeType, base64: Buffer.from(bytesOf(attachment)).toString('base64') },
    ]),
  );
}
