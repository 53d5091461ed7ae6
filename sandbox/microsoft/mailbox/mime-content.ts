import { randomBytes } from 'node:crypto';
import type { MessageSpec } from '../../message-factory.ts';
import { composeMessage } from '../../message-factory.ts';

/**
 * The message as Exchange hands it out: it keeps no MIME and makes it anew, with other boundaries, so that no two reads are
 * the same bytes.
 */
export function madeAnew(spec: MessageSpec): Buffer {
  const bytes = composeMessage(spec);
  const text = bytes.toString('latin1');
  const boundary = /boundary="([^"\r\n]{8,})"/.exec(text)?.[1];
  if (boundary === undefined || spec.malformed) return bytes;
  const other = `_000_${randomBytes(boundary.length).toString('hex')}`.slice(0, boundary.length);
  return Buffer.from(text.replaceAll(boundary, other), 'latin1');
}
