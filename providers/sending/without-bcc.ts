import type { OutgoingMessage } from '../contract.ts';

/** Strips Bcc from the header, which lies in the first part: recipients must not see the others (RFC 5322 section 3.6.3). */
export async function* withoutBcc(raw: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const bytes of raw) {
    yield isFirst ? stripped(bytes) : bytes;
    isFirst = false;
  }
}

/** The size of the message that `withoutBcc` leaves, in octets. */
export async function sizeWithoutBcc({ raw, size }: Pick<OutgoingMessage, 'raw' | 'size'>): Promise<number> {
  const parts = raw()[Symbol.asyncIterator]();
  const first = await parts.next();
  await parts.return?.();
  return first.done ? size : size - first.value.length + stripped(first.value).length;
}

function stripped(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const end = /\r?\n\r?\n/.exec(text)?.index ?? text.length;
  const header = text.slice(0, end).replaceAll(/^bcc(?:[ \t]|\r?\n[ \t])*:.*(?:\r?\n[ \t].*)*(?:\r?\n|$)/gim, '');
  // A stripped last field leaves the line end before it behind.
  return Buffer.from(`${header.replace(/\r?\n$/, '')}${text.slice(end)}`, 'latin1');
}
