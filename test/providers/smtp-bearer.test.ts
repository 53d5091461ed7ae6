import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createServer } from 'node:tls';
import type { Server } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Secret } from '../../domain/secret.ts';
import { createEgressGuard } from '../../net/egress.ts';
import { verifySubmission } from '../../providers/imap/smtp/connection.ts';
import { loadServerCertificate } from '../../sandbox/certificate.ts';
import { secret } from '../support/minting.ts';
import { failureOf } from './contract.ts';

/* A submission server that takes tokens by OAUTHBEARER alone (RFC 7628), as its section 4 has the dialogue. */

/** What it says that it takes, and how it refuses what it does not. */
let offered = 'OAUTHBEARER';
const unknown = () => (offered === 'OAUTHBEARER' ? '535 5.7.8 Authentication failed' : '504 5.5.4 Unrecognized type');

const EMAIL = 'ana=o,k@bearer.example';
const good = secret('access-token');
const dir = mkdtempSync(join(tmpdir(), 'mooring-bearer-'));
const said: string[] = [];
let server: Server;
let certificateAuthorities: string;

const inBase64 = (text: string) => Buffer.from(text).toString('base64');
const EXPECTED = `AUTH OAUTHBEARER ${inBase64(`n,a=ana=3Do=2Ck@bearer.example,\x01auth=Bearer ${good}\x01\x01`)}`;

function answerTo(line: string): string {
  if (line.startsWith('EHLO')) return `250-bearer.example\r\n250 AUTH ${offered}`;
  if (line.startsWith('AUTH XOAUTH2')) return unknown();
  if (line === EXPECTED) return '235 2.7.0 Accepted';
  if (line.startsWith('AUTH OAUTHBEARER')) return `334 ${inBase64('{"status":"invalid_token"}')}`;
  return line === inBase64('\x01') ? '535 5.7.8 Authentication failed' : '221 2.0.0 Bye';
}

beforeAll(async () => {
  const { key, certificate: cert, caFile } = await loadServerCertificate(join(dir, 'tls'));
  certificateAuthorities = readFileSync(caFile, 'utf8');
  server = createServer({ key, cert }, (socket) => {
    socket.on('error', () => {});
    socket.write('220 bearer.example ESMTP\r\n');
    createInterface({ input: socket }).on('line', (line) => {
      said.push(line.split(' ').slice(0, 2).join(' '));
      if (!socket.destroyed) socket.write(`${answerTo(line)}\r\n`);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.close();
  rmSync(dir, { recursive: true, force: true });
});

const logIn = (token: string) =>
  verifySubmission(
    {
      server: { host: '127.0.0.1', port: (server.address() as AddressInfo).port, security: 'tls' },
      username: EMAIL,
      credential: { kind: 'token', accessToken: new Secret(token) },
      egress: createEgressGuard({ allow: ['127.0.0.0/8'] }),
      certificateAuthorities,
    },
    AbortSignal.timeout(20_000),
  );

it.each([
  ['offers no XOAUTH2', 'OAUTHBEARER', ['AUTH OAUTHBEARER']],
  ['offers XOAUTH2 and does not know it', 'OAUTHBEARER XOAUTH2', ['AUTH XOAUTH2', 'AUTH OAUTHBEARER']],
])('takes OAUTHBEARER where the server %s', async (_, offer, expected) => {
  [offered, said.length] = [offer, 0];
  await logIn(good);
  expect(said.filter((line) => line.startsWith('AUTH'))).toEqual(expected);
});

it('ends the challenge of a refused token, and asks for a refresh', async () => {
  const token = secret('access-token');
  const { verdict, message } = await failureOf(logIn(token));
  expect(verdict).toMatchObject({ tokenRefused: true });
  expect(message).not.toContain(token);
});
