import { randomBytes } from 'node:crypto';

/**
 * The same message as another server hands it out after a move of the mailbox: other boundaries, other transfer encodings,
 * other folding. Message-ID, Date and what a reader sees stay.
 */
export function reencode(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  const boundary = /boundary="([^"\r\n]+)"/.exec(text)?.[1];
  if (end < 0 || boundary === undefined) return bytes;
  const other = `----=_NextPart_${randomBytes(12).toString('hex')}`;
  const header = refold(text.slice(0, end)).replace(`boundary="${boundary}"`, `boundary="${other}"`);
  const parts = text
    .slice(end)
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => `--${other}${inBase64(part)}`);
  return Buffer.from(`${header}\r\n\r\n${parts.join('')}--${other}--\r\n`, 'latin1');
}

/** A long header goes on in a second line, and a short one in one line again. */
function refold(header: string): string {
  const lines = header.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n');
  return lines.map((line) => line.replace(/^([^:]{2,}:) (.{30,}?) /, '$1 $2\r\n ')).join('\r\n');
}

/** A part with `8bit` content, its content in base64; any other as it is. */
function inBase64(part: string): string {
  const end = part.indexOf('\r\n\r\n');
  const head = part.slice(0, end);
  if (end < 0 || !/content-transfer-encoding: 8bit/i.test(head)) return part;
  const content = Buffer.from(part.slice(end + 4).replace(/\r\n$/, ''), 'latin1').toString('base64');
  const lines = content.match(/.{1,76}/g) ?? [];
  return `${head.replace(/8bit/i, 'base64')}\r\n\r\n${lines.join('\r\n')}\r\n`;
}
