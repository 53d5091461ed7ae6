import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { md4 } from './md4.ts';

/** The server's side of NTLM, [MS-NLMP]: NTLMv2 alone, as a domain that refuses LM and NTLMv1 has it. */

const SIGNATURE = Buffer.from('NTLMSSP\0', 'ascii');

const FLAG = {
  unicode: 0x1,
  oem: 0x2,
  requestTarget: 0x4,
  sign: 0x10,
  seal: 0x20,
  ntlm: 0x200,
  alwaysSign: 0x8000,
  targetTypeDomain: 0x10000,
  extendedSessionSecurity: 0x80000,
  targetInfo: 0x800000,
  version: 0x2000000,
  bits128: 0x20000000,
} as const;

/** Attribute-value pairs of the target information. */
const AV = { end: 0, computer: 1, domain: 2, dnsComputer: 3, dnsDomain: 4, flags: 6, timestamp: 7, bindings: 10 };
/** The client sends a message integrity code. */
const HAS_MIC = 0x2;
const MIC_OFFSET = 72;

const DOMAIN = 'SANDBOX';

/** A handshake under way: the messages that the integrity code covers and the answer belongs to. */
export interface Handshake {
  readonly negotiate: Buffer;
  readonly challenge: Buffer;
}

/** The user that the client names, and the proof of the password. */
export interface NtlmLogin {
  readonly user: string;
  readonly domain: string;
  /** Whether the client knows this password, and nothing of the handshake was changed on the way. */
  readonly knows: (password: string) => boolean;
  /** The client's own `channelBinding` of the TLS connection; null: the client sends none. */
  readonly channelBinding: Buffer | null;
}

/** The type of an NTLM message; null for anything else. */
export function ntlmMessageType(message: Buffer): number | null {
  if (message.length < 16 || !message.subarray(0, 8).equals(SIGNATURE)) return null;
  return message.readUInt32LE(8);
}

/** Answers a type 1 message with a type 2 message. */
export function challengeTo(negotiate: Buffer, now: Date): Handshake {
  const offered = negotiate.readUInt32LE(12);
  const unicode = (offered & FLAG.unicode) !== 0;
  const target = Buffer.from(DOMAIN, unicode ? 'utf16le' : 'latin1');
  const info = targetInfo(now);
  const flags =
    (unicode ? FLAG.unicode : FLAG.oem) |
    FLAG.requestTarget |
    FLAG.ntlm |
    FLAG.targetTypeDomain |
    FLAG.targetInfo |
    FLAG.version |
    (offered & (FLAG.sign | FLAG.seal | FLAG.alwaysSign | FLAG.extendedSessionSecurity | FLAG.bits128));
  const head = Buffer.alloc(56);
  SIGNATURE.copy(head);
  head.writeUInt32LE(2, 8);
  writeField(head, 12, target.length, 56);
  head.writeUInt32LE(flags >>> 0, 20);
  randomBytes(8).copy(head, 24);
  writeField(head, 40, info.length, 56 + target.length);
  // Windows Server 2022, NTLM revision 15.
  Buffer.from([10, 0, 0x7c, 0x4f, 0, 0, 0, 15]).copy(head, 48);
  return { negotiate, challenge: Buffer.concat([head, target, info]) };
}

/** Reads a type 3 message; undefined for anything but NTLMv2. */
export function readAuthenticate(message: Buffer, handshake: Handshake): NtlmLogin | undefined {
  if (ntlmMessageType(message) !== 3 || message.length < 64) return undefined;
  const response = fieldOf(message, 20);
  const unicode = (handshake.challenge.readUInt32LE(20) & FLAG.unicode) !== 0;
  const text = (offset: number) => fieldOf(message, offset).toString(unicode ? 'utf16le' : 'latin1');
  // A response of 24 bytes is NTLMv1.
  if (response.length < 16 + 28 + 4) return undefined;
  const [user, domain] = [text(36), text(28)];
  const proof = response.subarray(0, 16);
  const blob = response.subarray(16);
  const pairs = readPairs(blob.subarray(28));
  return {
    user,
    domain,
    channelBinding: bindingOf(pairs),
    knows(password) {
      const hash = md4(Buffer.from(password, 'utf16le'));
      const key = hmac(hash, Buffer.from(windowsUpperCase(user) + domain, 'utf16le'));
      if (!timingSafeEqual(hmac(key, handshake.challenge.subarray(24, 32), blob), proof)) return false;
      return isIntact({ message, handshake, sessionKey: hmac(key, proof), pairs });
    },
  };
}

/** Windows maps each letter to one letter: `ß` has none in capitals. */
function windowsUpperCase(user: string): string {
  return user.replaceAll(/[^]/gu, (letter) => {
    const upper = letter.toUpperCase();
    return upper.length > letter.length ? letter : upper;
  });
}

/** RFC 5929 `tls-server-end-point` of a certificate (DER, signed with SHA-256), as GSS-API channel bindings are hashed. */
export function channelBinding(certificate: Buffer): Buffer {
  const data = Buffer.concat([
    Buffer.from('tls-server-end-point:', 'ascii'),
    createHash('sha256').update(certificate).digest(),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(data.length);
  return createHash('md5')
    .update(Buffer.concat([Buffer.alloc(16), length, data]))
    .digest();
}

/** Without key exchange the exported session key is the base key, so no RC4 is needed to check the code. */
function isIntact(of: {
  message: Buffer;
  handshake: Handshake;
  sessionKey: Buffer;
  pairs: ReadonlyMap<number, Buffer>;
}): boolean {
  const flags = of.pairs.get(AV.flags);
  if (flags?.length !== 4 || (flags.readUInt32LE() & HAS_MIC) === 0) return true;
  const code = of.message.subarray(MIC_OFFSET, MIC_OFFSET + 16);
  const without = Buffer.from(of.message);
  without.fill(0, MIC_OFFSET, MIC_OFFSET + 16);
  const { negotiate, challenge } = of.handshake;
  return timingSafeEqual(hmac(of.sessionKey, negotiate, challenge, without), code);
}

function bindingOf(pairs: ReadonlyMap<number, Buffer>): Buffer | null {
  const binding = pairs.get(AV.bindings);
  return binding === undefined || binding.every((byte) => byte === 0) ? null : binding;
}

function targetInfo(now: Date): Buffer {
  const timestamp = Buffer.alloc(8);
  timestamp.writeBigUInt64LE((BigInt(now.getTime()) + 11_644_473_600_000n) * 10_000n);
  return Buffer.concat([
    pair(AV.domain, unicode(DOMAIN)),
    pair(AV.computer, unicode('EX01')),
    pair(AV.dnsDomain, unicode('sandbox.example')),
    pair(AV.dnsComputer, unicode('ex01.sandbox.example')),
    pair(AV.timestamp, timestamp),
    pair(AV.end, Buffer.alloc(0)),
  ]);
}

function unicode(text: string): Buffer {
  return Buffer.from(text, 'utf16le');
}

function pair(id: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(id, 0);
  head.writeUInt16LE(value.length, 2);
  return Buffer.concat([head, value]);
}

function readPairs(bytes: Buffer): ReadonlyMap<number, Buffer> {
  const pairs = new Map<number, Buffer>();
  for (let offset = 0; offset + 4 <= bytes.length;) {
    const id = bytes.readUInt16LE(offset);
    const length = bytes.readUInt16LE(offset + 2);
    if (id === AV.end) break;
    pairs.set(id, bytes.subarray(offset + 4, offset + 4 + length));
    offset += 4 + length;
  }
  return pairs;
}

function writeField(message: Buffer, at: number, length: number, offset: number): void {
  message.writeUInt16LE(length, at);
  message.writeUInt16LE(length, at + 2);
  message.writeUInt32LE(offset, at + 4);
}

/** Empty where the message ends before its field does. */
function fieldOf(message: Buffer, at: number): Buffer {
  const length = message.readUInt16LE(at);
  const offset = message.readUInt32LE(at + 4);
  return offset + length <= message.length ? message.subarray(offset, offset + length) : Buffer.alloc(0);
}

function hmac(key: Buffer, ...data: readonly Buffer[]): Buffer {
  const keyed = createHmac('md5', key);
  for (const part of data) keyed.update(part);
  return keyed.digest();
}
