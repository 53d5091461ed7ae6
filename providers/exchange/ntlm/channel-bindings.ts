import { createHash } from 'node:crypto';

/** OIDs of signatures, as they stand in DER, by the hash that the end point is named with; SHA-256 for all others. */
const HASHES: readonly (readonly [oid: string, hash: string])[] = [
  ['2a864886f70d01010c', 'sha384'], // sha384WithRSAEncryption
  ['2a864886f70d01010d', 'sha512'], // sha512WithRSAEncryption
  ['2a8648ce3d040303', 'sha384'], // ecdsa-with-SHA384
  ['2a8648ce3d040304', 'sha512'], // ecdsa-with-SHA512
];

/**
 * The channel bindings of a TLS connection (RFC 5929 section 4, `tls-server-end-point`), hashed as GSS-API has it: a server
 * with Extended Protection refuses a login without them, or with those of another connection.
 * @param certificate the server's, DER
 */
export function channelBindings(certificate: Buffer): Buffer {
  const digest = createHash(hashOf(certificate)).update(certificate).digest();
  const data = Buffer.concat([Buffer.from('tls-server-end-point:', 'latin1'), digest]);
  // No addresses of initiator and acceptor: their types and lengths are zero.
  const struct = Buffer.alloc(20);
  struct.writeUInt32LE(data.length, 16);
  return createHash('md5').update(struct).update(data).digest();
}

function hashOf(certificate: Buffer): string {
  const body = contentOf(certificate, 0);
  const tbs = contentOf(certificate, body.start);
  const algorithm = contentOf(certificate, tbs.end);
  const oid = contentOf(certificate, algorithm.start);
  const found = certificate.subarray(oid.start, oid.end).toString('hex');
  return HASHES.find(([known]) => known === found)?.[1] ?? 'sha256';
}

/** The bounds of the content of the DER element at `at`. */
function contentOf(bytes: Buffer, at: number): { start: number; end: number } {
  const first = bytes[at + 1] ?? 0;
  if (first < 0x80) return { start: at + 2, end: at + 2 + first };
  const size = first & 0x7f;
  const length = size === 0 || size > 4 ? 0 : bytes.readUIntBE(at + 2, size);
  return { start: at + 2 + size, end: at + 2 + size + length };
}
