/** A message that is handed in whole, without an envelope. */
export interface SentMail {
  readonly raw: Buffer;
  /** The message without Bcc, for its recipients. */
  readonly copy: Buffer;
  /** The sender in From. */
  readonly from: string | undefined;
  /** The addresses of To and Cc, in lower case. */
  readonly shown: readonly string[];
  /** The addresses of To, Cc and Bcc, in lower case. */
  readonly recipients: readonly string[];
}

/** Reads sender and recipients from the header of a message. */
export function readSentMail(raw: Buffer): SentMail {
  const header = headerOf(raw).replaceAll(/\r?\n[ \t]+/g, ' ');
  const addresses = (name: string): string[] => {
    const lines = [...header.matchAll(new RegExp(`^${name}:(.*)$`, 'gim'))].map(([, value = '']) => value);
    return lines.flatMap((line) => [...line.matchAll(/[^\s<>,;:"]+@[^\s<>,;:"]+/g)].map(([address]) => address));
  };
  const inLowerCase = (names: string[]) => names.flatMap(addresses).map((address) => address.toLowerCase());
  const shown = inLowerCase(['to', 'cc']);
  const recipients = [...shown, ...inLowerCase(['bcc'])];
  return { raw, copy: withoutBcc(raw), from: addresses('from')[0]?.toLowerCase(), shown, recipients };
}

function headerOf(raw: Buffer): string {
  return raw.toString('latin1').split(/\r?\n\r?\n/, 1)[0] ?? '';
}

function withoutBcc(raw: Buffer): Buffer {
  const header = headerOf(raw);
  const rest = raw.subarray(Buffer.byteLength(header, 'latin1'));
  const kept = header.replaceAll(/^bcc:.*(?:\r?\n[ \t].*)*(?:\r?\n)?/gim, '');
  return Buffer.concat([Buffer.from(kept, 'latin1'), rest]);
}
