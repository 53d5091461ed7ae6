import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../domain/secret.ts';
import { md4 } from '../../providers/exchange/ntlm/md4.ts';
import { authenticateMessage, responseKey } from '../../providers/exchange/ntlm/messages.ts';
import { secret } from '../support/minting.ts';

/** The second message of NTLM, whose target information is one value of so many bytes. */
const challengeWith = (id: number, length: number) => {
  const message = Buffer.alloc(48 + 4 + length);
  message.write('NTLMSSP\0', 'latin1');
  for (const [at, value] of [
    [8, 2],
    [20, 0x800000],
    [44, 48],
  ] as const)
    message.writeUInt32LE(value, at);
  message.writeUInt16LE(4 + length, 40);
  message.writeUInt16LE(id, 48);
  message.writeUInt16LE(length, 50);
  return message;
};

const keyOf = (user: string) => responseKey(user, 'Domain', 'Password').toString('hex');

describe('NTLM', () => {
  // RFC 1320, appendix A.5
  it.each([
    ['', '31d6cfe0d16ae931b73c59d7e0c089c0'],
    ['a', 'bde52cb31de33e46245e05fbdbd6fb24'],
    ['abc', 'a448017aaf21d8525fc10ae87aa6729d'],
    ['message digest', 'd9130a8164549fe818874806e1c7014b'],
    ['abcdefghijklmnopqrstuvwxyz', 'd79e1c308aa5bbcdeea8ed63df412da9'],
    ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', '043f8582f241db351ce627e153e7f0e4'],
    ['1234567890'.repeat(8), 'e33b4ddc9c38f2199c3e7b164fcc0536'],
  ])('hashes “%s” as RFC 1320 does', (given, digest) => {
    expect(md4(Buffer.from(given)).toString('hex')).toBe(digest);
  });

  it('writes a user name in capitals as Windows does, letter by letter', () => {
    expect(keyOf('jörg')).toBe(keyOf('JÖRG'));
    expect(keyOf('strauß')).toBe(keyOf('STRAUß'));
    expect(keyOf('strauß')).not.toBe(keyOf('STRAUSS'));
  });

  it('takes a challenge with flags or a time of another length, or too much of it, for none', () => {
    const credential = { username: 'CONTOSO\\ana', password: new Secret(secret('exchange-password')) };
    const answer = (challenge: Buffer) =>
      authenticateMessage(challenge, credential, { host: 'mail.contoso.example', channelBindings: null });
    for (const [id, bytes] of [
      [6, 4],
      [7, 8],
    ] as const) {
      expect(answer(challengeWith(id, bytes))).not.toBeNull();
      expect(answer(challengeWith(id, bytes - 1))).toBeNull();
    }
    // More than an answer can repeat.
    expect(answer(challengeWith(2, 1_000))).not.toBeNull();
    expect(answer(challengeWith(2, 65_000))).toBeNull();
  });

  it('answers a challenge as the example of [MS-NLMP] 4.2.4 does', () => {
    const published = responseKey('User', 'Domain', 'Password');
    expect(published.toString('hex')).toBe('0c868a403bfd7a93a3001ef22ef02e3f');
    const own = secret('exchange-password');
    const key = responseKey('User', 'Domain', own);
    // The example's type 2 message, 4.2.4.3.
    const challenge = Buffer.from(
      '4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef00000000000000002400240044000000060070170000000f53006500720076006500720002000c0044006f006d00610069006e0001000c0053006500720076006500720000000000',
      'hex',
    );
    const message = authenticateMessage(
      challenge,
      { username: 'Domain\\User', password: new Secret(own) },
      { host: 'server', channelBindings: null },
    )!;
    const response = message.subarray(message.readUInt32LE(24), message.readUInt32LE(24) + message.readUInt16LE(20));
    // NTProofStr is the key's own code of the server's challenge and the rest, the time and the client's challenge being ours.
    const proof = createHmac('md5', key).update(challenge.subarray(24, 32)).update(response.subarray(16)).digest();
    expect(response.subarray(0, 16)).toEqual(proof);
    expect(response.subarray(16, 24).toString('hex')).toBe('0101000000000000');
    // The same arithmetic gives the example's own values.
    const blob = Buffer.from(
      '01010000000000000000000000000000aaaaaaaaaaaaaaaa0000000002000c0044006f006d00610069006e0001000c005300650072007600650072000000000000000000',
      'hex',
    );
    const example = createHmac('md5', published).update(Buffer.from('0123456789abcdef', 'hex')).update(blob).digest();
    expect(example.toString('hex')).toBe('68cd0ab851e51c96aabc927bebef6a1c');
    expect(createHmac('md5', published).update(example).digest('hex')).toBe('8de40ccadbc14a82f15cb0ad0de95ca3');
  });
});
