import { createHmac, randomBytes } from 'node:crypto';
import type { Secret } from '../../../domain/secret.ts';
import { md4 } from './md4.ts';

/**
 * NTLM as a client, [MS-NLMP], for on-premises Exchange. NTLMv2 alone: an answer by NTLMv1 gives the password away to any
 * server that asks for it.
 */

const SIGNATURE = Buffer.from('NTLMSSP\0', 'latin1');

/** NTLMSSP_NEGOTIATE_*: Unicode, the target's name, NTLM, always sign, extended session security, version, 128 and 56 bits. */
const FLAGS = (0x1 | 0x4 | 0x200 | 0x8000 | 0x80000 | 0x2000000 | 0x20000000 | 0x80000000) >>> 0;
const TARGET_INFO = 0x800000;
/** Windows 10, NTLM revision 15. */
const VERSION = Buffer.from([10, 0, 0x61, 0x4a, 0, 0, 0, 15]);

/** MsvAv*: the ids of the pairs in the target information. */
const AV = { end: 0, flags: 6, timestamp: 7, targetName: 9, channelBindings: 10 } as const;
const WITH_INTEGRITY_CODE = 2;

/** The time in an answer to a server that tells none: such a server checks none. */
const NO_TIME = Buffer.alloc(8);

/** Servers tell a few names; the answer repeats them, and its length has 16 bits. */
const MOST_INFO_BYTES = 16 * 1024;

const HEAD_BYTES = 88;
const CODE_AT = 72;

/** The user, `DOMAIN\user` or an address as the user name of no domain, and the password. */
export interface NtlmCredential {
  readonly username: string;
  readonly password: Secret;
}

/** The server and connection that the answer is bound to, so that no other server can pass it on. */
export interface NtlmBinding {
  readonly host: string;
  /** The hash of the TLS connection's end point (`channelBindings`); null where there is none. */
  readonly channelBindings: Buffer | null;
}

/** The type 1 message. */
export function negotiateMessage(): Buffer {
  const message = Buffer.alloc(40);
  SIGNATURE.copy(message);
  message.writeUInt32LE(1, 8);
  message.writeUInt32LE(FLAGS, 12);
  VERSION.copy(message, 32);
  return message;
}

/** The type 3 message that answers the server's type 2 message; null where that is none. */
export function authenticateMessage(
  challenge: Buffer,
  { username, password }: NtlmCredential,
  binding: NtlmBinding,
): Buffer | null {
  const info = readChallenge(challenge);
  if (info === null) return null;
  const [domain, user] = splitLogin(username);
  const key = responseKey(user, domain, password.reveal());
  const timestamp = info.get(AV.timestamp);
  const blob = Buffer.concat([
    Buffer.from([1, 1, 0, 0, 0, 0, 0, 0]),
    timestamp ?? NO_TIME,
    randomBytes(8),
    Buffer.alloc(4),
    targetInfo(info, binding),
    Buffer.alloc(4),
  ]);
  const proof = hmac(key, challenge.subarray(24, 32), blob);
  const message = layOut({ response: Buffer.concat([proof, blob]), domain: unicode(domain), user: unicode(user) });
  const sessionKey = hmac(key, proof);
  // A server that tells the time checks that no message of the handshake was changed on the way.
  if (timestamp) hmac(sessionKey, negotiateMessage(), challenge, message).copy(message, CODE_AT);
  return message;
}

/** NTOWFv2: the key that the password, the user and the domain give. */
export function responseKey(user: string, domain: string, plain: string): Buffer {
  const hash = md4(unicode(plain));
  return hmac(hash, unicode(upperCase(user) + domain));
}

/** As Windows has it, letter by letter: what is more than one letter in capitals stays, such as ß. */
const upperCase = (text: string) => Array.from(text, inCapitals).join('');

function inCapitals(letter: string): string {
  const capital = letter.toUpperCase();
  return capital.length === letter.length ? capital : letter;
}

/** The target information of a type 2 message; null where it is none. */
function readChallenge(message: Buffer): Map<number, Buffer> | null {
  if (message.length < 48 || !message.subarray(0, 8).equals(SIGNATURE) || message.readUInt32LE(8) !== 2) return null;
  const pairs = new Map<number, Buffer>();
  if ((message.readUInt32LE(20) & TARGET_INFO) === 0) return pairs;
  const start = message.readUInt32LE(44);
  const bytes = message.subarray(start, start + message.readUInt16LE(40));
  if (bytes.length > MOST_INFO_BYTES) return null;
  for (let at = 0; at + 4 <= bytes.length;) {
    const id = bytes.readUInt16LE(at);
    const end = at + 4 + bytes.readUInt16LE(at + 2);
    if (id === AV.end) break;
    pairs.set(id, bytes.subarray(at + 4, end));
    at = end;
  }
  return hasLength(pairs.get(AV.flags), 4) && hasLength(pairs.get(AV.timestamp), 8) ? pairs : null;
}

const hasLength = (value: Buffer | undefined, bytes: number) => value === undefined || value.length === bytes;

function targetInfo(of: ReadonlyMap<number, Buffer>, { host, channelBindings }: NtlmBinding): Buffer {
  const pairs = new Map(of);
  if (pairs.has(AV.timestamp)) {
    const flags = Buffer.alloc(4);
    flags.writeUInt32LE((pairs.get(AV.flags)?.readUInt32LE() ?? 0) | WITH_INTEGRITY_CODE);
    pairs.set(AV.flags, flags);
  }
  if (channelBindings !== null) pairs.set(AV.channelBindings, channelBindings);
  pairs.set(AV.targetName, unicode(`HTTP/${host}`));
  const written = [...pairs].map(([id, value]) => Buffer.concat([head(id, value.length), value]));
  return Buffer.concat([...written, head(AV.end, 0)]);
}

function head(id: number, length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16LE(id, 0);
  bytes.writeUInt16LE(length, 2);
  return bytes;
}

function layOut({ response, domain, user }: { response: Buffer; domain: Buffer; user: Buffer }): Buffer {
  const message = Buffer.alloc(HEAD_BYTES + domain.length + user.length + 24 + response.length);
  SIGNATURE.copy(message);
  message.writeUInt32LE(3, 8);
  let end = HEAD_BYTES;
  const put = (field: number, value: Buffer): void => {
    message.writeUInt16LE(value.length, field);
    message.writeUInt16LE(value.length, field + 2);
    message.writeUInt32LE(end, field + 4);
    value.copy(message, end);
    end += value.length;
  };
  put(28, domain);
  put(36, user);
  put(44, Buffer.alloc(0));
  // No LM response: 24 zero bytes beside one of NTLMv2.
  put(12, Buffer.alloc(24));
  put(20, response);
  put(52, Buffer.alloc(0));
  message.writeUInt32LE(FLAGS, 60);
  VERSION.copy(message, 64);
  return message;
}

function splitLogin(username: string): [domain: string, user: string] {
  const at = username.indexOf('\\');
  return at < 0 ? ['', username] : [username.slice(0, at), username.slice(at + 1)];
}

function unicode(text: string): Buffer {
  return Buffer.from(text, 'utf16le');
}

function hmac(key: Buffer, ...data: readonly Buffer[]): Buffer {
  const keyed = createHmac('md5', key);
  for (const part of data) keyed.update(part);
  return keyed.digest();
}
