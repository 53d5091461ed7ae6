/**
 * MD4 (RFC 1320), which NTLM hashes passwords with and Node's OpenSSL no longer has. Written apart from the client's
 * (`providers/exchange/ntlm/md4.ts`), as all of NTLM here is: shared code would accept its own errors.
 */
export function md4(input: Buffer): Buffer {
  const padded = pad(input);
  const state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
  for (let offset = 0; offset < padded.length; offset += 64) {
    const words = Array.from({ length: 16 }, (_, index) => padded.readUInt32LE(offset + index * 4));
    const next = ROUNDS.reduce((before, round) => turn(before, words, round), state);
    for (const [index, word] of next.entries()) state[index] = ((state[index] ?? 0) + word) >>> 0;
  }
  const digest = Buffer.alloc(16);
  for (const [index, word] of state.entries()) digest.writeUInt32LE(word, index * 4);
  return digest;
}

interface Round {
  readonly mix: (x: number, y: number, z: number) => number;
  readonly constant: number;
  readonly shifts: readonly number[];
  readonly order: readonly number[];
}

const ROUNDS: readonly Round[] = [
  {
    mix: (x, y, z) => (x & y) | (~x & z),
    constant: 0,
    shifts: [3, 7, 11, 19],
    order: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  },
  {
    mix: (x, y, z) => (x & y) | (x & z) | (y & z),
    constant: 0x5a827999,
    shifts: [3, 5, 9, 13],
    order: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
  },
  {
    mix: (x, y, z) => x ^ y ^ z,
    constant: 0x6ed9eba1,
    shifts: [3, 9, 11, 15],
    order: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
  },
];

function turn(state: number[], words: readonly number[], { mix, constant, shifts, order }: Round): number[] {
  let [a = 0, b = 0, c = 0, d = 0] = state;
  for (const [step, index] of order.entries()) {
    const sum = (a + mix(b, c, d) + (words[index] ?? 0) + constant) | 0;
    const shift = shifts[step % 4] ?? 0;
    [a, b, c, d] = [d, (sum << shift) | (sum >>> (32 - shift)), b, c];
  }
  return [a, b, c, d];
}

function pad(input: Buffer): Buffer {
  const length = Math.ceil((input.length + 9) / 64) * 64;
  const padded = Buffer.alloc(length);
  input.copy(padded);
  padded[input.length] = 0x80;
  padded.writeBigUInt64LE(BigInt(input.length) * 8n, length - 8);
  return padded;
}
