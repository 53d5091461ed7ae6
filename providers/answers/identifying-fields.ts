/** Import reads no more of a header either; a longer one is cut. */
const MOST_BYTES = 512 * 1024;

const NAMES = ['message-id', 'date', 'from', 'subject'];

/**
 * The fields that identify a message (`Session.readHeaders`), as they stand in its header section (RFC 5322 section 2.2).
 * The body is not read, and of a large message not asked for.
 */
export async function readIdentifyingFields(raw: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const header = await readHeaderSection(raw);
  // A field goes on in the lines that begin with a blank.
  const fields = header.split(/\r?\n(?![ \t])/).filter((field) => NAMES.includes(nameOf(field)));
  return Buffer.from(fields.map((field) => `${field}\r\n`).join(''), 'latin1');
}

const nameOf = (field: string): string =>
  field
    .slice(0, Math.max(0, field.indexOf(':')))
    .trim()
    .toLowerCase();

async function readHeaderSection(raw: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const bytes of raw) {
    // The blank line may lie across two parts.
    const seen = Math.max(0, text.length - 3);
    text += Buffer.from(bytes).toString('latin1');
    const end = text.slice(seen).search(/\r?\n\r?\n/);
    if (end >= 0) return text.slice(0, seen + end);
    if (text.length >= MOST_BYTES) break;
  }
  return text.slice(0, MOST_BYTES);
}
