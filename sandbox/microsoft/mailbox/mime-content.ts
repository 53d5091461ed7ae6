import { randomBytes } from 'node:crypto';
import { composeMessage } from '../../message-factory.ts';
import type { MessageContent } from '../rows.ts';

/** The message, the same bytes each time. */
export function mimeBytes({ raw, spec }: MessageContent): Buffer {
  return raw === undefined ? composeMessage(spec) : Buffer.from(raw, 'base64');
}

/**
 * The message as Exchange hands it out: it keeps no MIME and makes it anew, with other boundaries, so that no two reads are
 * the same bytes.
 */
export function madeAnew(content: MessageContent): Buffer {
  const bytes = mimeBytes(content);
  const text = bytes.toString('latin1');
  const boundary = /boundary="([^"\r\n]{8,})"/.exec(text)?.[1];
  if (boundary === undefined || content.spec.malformed) return bytes;
  const other = `_000_${randomBytes(boundary.length).toString('hex')}`.slice(0, boundary.length);
  return Buffer.from(text.replaceAll(boundary, other), 'latin1');
}
