import { Buffer } from 'node:buffer';

/** So much of a secret's beginning gives it away; a message that was cut off is found by it too. */
const TELLING_BYTES = 24;
const BLOCK_BYTES = 4;
const TABLE_BITS = 24;

/**
 * Looks for many secrets at once, each in all its spellings: as it is, in JSON, in JSON within JSON, in an address, in
 * hexadecimal, in Base64 wherever it begins. This is the algorithm of Wu and Manber ("A fast algorithm for
 * multi-pattern searching", 1994): a table says for each block of bytes how far one may skip.
 */
export class SecretSearch {
  readonly #skips = new Uint8Array(1 << TABLE_BITS);
  /** The spellings whose window ends in a block. */
  readonly #byLastBlock = new Map<number, { spelling: Buffer; secret: string }[]>();

  constructor(secrets: Iterable<string>) {
    this.#skips.fill(TELLING_BYTES - BLOCK_BYTES + 1);
    for (const secret of secrets) for (const spelling of spellingsOf(secret)) this.#add(Buffer.from(spelling), secret);
  }

  #add(spelling: Buffer, secret: string): void {
    for (let end = BLOCK_BYTES; end <= TELLING_BYTES; end++) {
      const slot = slotOf(blockAt(spelling, end));
      this.#skips[slot] = Math.min(this.#skips[slot] ?? 0, TELLING_BYTES - end);
    }
    const last = blockAt(spelling, TELLING_BYTES);
    const neighbours = this.#byLastBlock.get(last);
    if (neighbours) neighbours.push({ spelling, secret });
    else this.#byLastBlock.set(last, [{ spelling, secret }]);
  }

  /** The secrets in `bytes`, each with where it begins. */
  find(bytes: Buffer): Map<string, number> {
    const found = new Map<string, number>();
    for (let end = TELLING_BYTES; end <= bytes.length;) {
      const block = blockAt(bytes, end);
      const skip = this.#skips[slotOf(block)] ?? 1;
      if (skip > 0) {
        end += skip;
        continue;
      }
      const start = end - TELLING_BYTES;
      for (const { spelling, secret } of this.#byLastBlock.get(block) ?? []) {
        if (spelling.equals(bytes.subarray(start, start + spelling.length))) found.set(secret, start);
      }
      end++;
    }
    return found;
  }
}

/** The four bytes before `end`, as one number. */
function blockAt(bytes: Buffer, end: number): number {
  return (
    ((bytes[end - 1] ?? 0) |
      ((bytes[end - 2] ?? 0) << 8) |
      ((bytes[end - 3] ?? 0) << 16) |
      ((bytes[end - 4] ?? 0) << 24)) >>>
    0
  );
}

/** Fibonacci hashing. */
const slotOf = (block: number) => Math.imul(block, 0x9e3779b1) >>> (32 - TABLE_BITS);

/** The beginning of a secret as one may meet it. Throws where it is too short to be looked for. */
export function spellingsOf(secret: string): Set<string> {
  const start = secret.slice(0, TELLING_BYTES);
  if (Buffer.byteLength(start) < TELLING_BYTES) throw new Error(`A secret of ${secret.length} characters is too short`);
  const inAddress = encodeURIComponent(start);
  const hexadecimal = Buffer.from(start).toString('hex');
  return new Set([
    start,
    inJson(start),
    inJson(inJson(start)),
    inAddress,
    inAddress.replaceAll(/%[\dA-F]{2}/g, (code) => code.toLowerCase()),
    inAddress.replaceAll('%20', '+'),
    encodeURIComponent(inAddress),
    hexadecimal,
    hexadecimal.toUpperCase(),
    ...[0, 1, 2].flatMap((before) => inBase64(start, before)),
  ]);
}

const inJson = (text: string) => JSON.stringify(text).slice(1, -1);

/** What surely stands there after `before` other bytes: without the characters that carry bits of a neighbour. */
function inBase64(text: string, before: number): string[] {
  const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(text)]);
  const [from, to] = [Math.ceil((before * 8) / 6), Math.floor((bytes.length * 8) / 6)];
  return [bytes.toString('base64').slice(from, to), bytes.toString('base64url').slice(from, to)];
}
