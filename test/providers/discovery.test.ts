import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../domain/secret.ts';
import { createHttp } from '../../net/http.ts';
import { discoverImapServer } from '../../providers/imap/discovery.ts';
import { imapSignIn } from '../../providers/imap/sign-in.ts';
import { secret } from '../support/minting.ts';

const nothing = {};

describe('finding the IMAP server', () => {
  it('takes what is given, and the usual port for it', async () => {
    const given = { host: 'mx.example.org' };
    expect(await discoverImapServer('a@b.example', given)).toEqual({
      kind: 'imap',
      host: 'mx.example.org',
      port: 993,
      security: 'tls',
    });
    expect(await discoverImapServer('a@b.example', { ...given, port: 143 })).toMatchObject({ security: 'starttls' });
    expect(await discoverImapServer('a@b.example', { ...given, security: 'starttls' })).toMatchObject({ port: 143 });
    expect(await discoverImapServer('a@b.example', { ...given, port: 4143, security: 'starttls' })).toEqual({
      kind: 'imap',
      host: 'mx.example.org',
      port: 4143,
      security: 'starttls',
    });
  });

  it('knows the large providers', async () => {
    expect(await discoverImapServer('a@GMAIL.com', nothing)).toMatchObject({ host: 'imap.gmail.com', port: 993 });
    expect(await discoverImapServer('a@yahoo.com', nothing)).toMatchObject({ host: 'imap.mail.yahoo.com' });
  });

  it.each(['a@localhost', 'a@127.0.0.1', 'a@[::1]', 'nobody', 'a@b.example/../x', 'a@no-such-domain.invalid'])(
    'finds nothing for %s',
    async (email) => {
      expect(await discoverImapServer(email, nothing)).toBeNull();
    },
  );
});

const serverEntry = (host: string, port: number, socketType: string) =>
  `<incomingServer type="imap"><hostname>${host}</hostname><port>${port}</port><socketType>${socketType}</socketType></incomingServer>`;
const config = (...servers: string[]) =>
  `<clientConfig version="1.1"><emailProvider>${servers.join('')}</emailProvider></clientConfig>`;

/** What is found for an address while a directory answers like this. */
async function discoverWith(answer: RequestListener, email: string, given = {}) {
  const directory = createServer(answer);
  await new Promise<void>((resolve) => directory.listen(0, '127.0.0.1', resolve));
  const { port } = directory.address() as AddressInfo;
  const http = createHttp();
  const way = imapSignIn({ http, url: new URL(`http://127.0.0.1:${port}/mail/config-v1.1.xml`) });
  const login = { email, username: email, password: new Secret(secret('password')) };
  try {
    return await way.discover(login, given, AbortSignal.timeout(20_000));
  } finally {
    directory.closeAllConnections();
    directory.close();
    await http.close();
  }
}

describe('a directory of mail settings', () => {
  it('is asked by the address, and its first encrypted server is taken', async () => {
    const asked: string[] = [];
    const found = await discoverWith((request, response) => {
      asked.push(request.url ?? '');
      response.end(
        config(
          serverEntry('plain.example', 143, 'plain'),
          serverEntry('mx.example', 4143, 'STARTTLS'),
          serverEntry('mx.example', 993, 'SSL'),
        ),
      );
    }, 'ana+x@example.com');
    expect(found).toEqual({ kind: 'imap', host: 'mx.example', port: 4143, security: 'starttls' });
    expect(asked).toEqual(['/mail/config-v1.1.xml?emailaddress=ana%2Bx%40example.com']);
  });

  it.each<[string, RequestListener]>([
    ['knows no such address', (_request, response) => response.writeHead(404).end()],
    ['answers rubbish', (_request, response) => response.end('<html>')],
    [
      'lists no encrypted server',
      (_request, response) => response.end(config(serverEntry('mx.example', 143, 'plain'))),
    ],
    ['lists what is no host', (_request, response) => response.end(config(serverEntry('a/../b', 993, 'SSL')))],
    ['hangs up', (request) => request.socket.destroy()],
    ['never answers', () => {}],
  ])('leaves the address to lead the way when it %s', async (_case, answer) => {
    expect(await discoverWith(answer, 'a@gmail.com')).toMatchObject({ host: 'imap.gmail.com', port: 993 });
  });

  it('is not asked about a server that a person named', async () => {
    const found = await discoverWith(() => expect.unreachable(), 'a@b.example', { host: 'mx.example.org' });
    expect(found).toMatchObject({ host: 'mx.example.org', port: 993 });
  });
});
