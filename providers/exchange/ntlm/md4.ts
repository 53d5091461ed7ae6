const ADDED = [0, 0x5a827999, 0x6ed9eba1] as const;
const SHIFTS = [
  [3, 7, 11, 19],
  [3, 5, 9, 13],
  [3, 9, 11, 15],
] as const;
/** Which word of the block each step of the third round takes. */
const THIRD = [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15] as const;

/**
 * MD4 (RFC 1320): the hash that NTLM makes of a password, and Node's OpenSSL no longer offers. The sandbox's server has an
 * MD4 of its own, so that one judges the other.
 */
export function md4(text: Buffer): Buffer {
  const blocks = Buffer.alloc(((text.length + 72) >>> 6) << 6);
  text.copy(blocks);
  blocks[text.length] = 0x80;
  blocks.writeUInt32LE((text.length << 3) >>> 0, blocks.length - 8);
  const digest = new Uint32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]);
  for (let start = 0; start < blocks.length; start += 64) addBlock(digest, blocks.subarray(start, start + 64));
  return Buffer.from(digest.buffer);
}

/** Uint32Array keeps every sum within 32 bits; hosts are little-endian, as MD4 is. */
function addBlock(digest: Uint32Array, block: Buffer): void {
  const [a = 0, b = 0, c = 0, d = 0] = digest;
  const state = new Uint32Array([a, b, c, d]);
  for (let step = 0; step < 48; step++) {
    const round = step >>> 4;
    const at = step & 15;
    // The register that is written moves one back with every step.
    const [w, x, y, z] = [0, 1, 2, 3].map((register) => (register - step) & 3) as [number, number, number, number];
    const mixed = mix(round, state[x] ?? 0, state[y] ?? 0, state[z] ?? 0);
    const sum = ((state[w] ?? 0) + mixed + block.readUInt32LE(wordOf(round, at) * 4) + (ADDED[round] ?? 0)) | 0;
    const shift = SHIFTS[round]?.[at & 3] ?? 0;
    state[w] = (sum << shift) | (sum >>> (32 - shift));
  }
  for (const [index, word] of state.entries()) digest[index] = (digest[index] ?? 0) + word;
}

function wordOf(round: number, at: number): number {
  if (round === 0) return at;
  return round === 1 ? ((at & 3) << 2) | (at >>> 2) : (THIRD[at] ?? 0);
}

function mix(round: number, x: number, y: number, z: number): number {
  if (round === 0) return (x & y) | (~x & z);
  return round === 1 ? (x & y) | (x & z) | (y & z) : x ^ y ^ z;
}
