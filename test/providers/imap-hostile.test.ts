import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { TLSSocket, createSecureContext, createServer as createTlsServer } from 'node:tls';
import { generate } from 'selfsigned';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../domain/secret.ts';
import { createEgressGuard } from '../../net/egress.ts';
import { createImapProvider } from '../../providers/imap/adapter.ts';
import type { Session } from '../../providers/contract.ts';
import { failureOf } from './contract.ts';
import { secret } from '../support/minting.ts';
import { takeHeads } from '../../credentials/heads.ts';

const PASSWORD = secret('password');
const NEVER = new AbortController().signal;

interface Pem {
  key: string;
  cert: string;
}
let authority: Pem;
let trusted: Pem;
let wrongHost: Pem;
let expired: Pem;

async function certificate(names: string[], from: Date, to: Date): Promise<Pem> {
  const made = await generate([{ name: 'commonName', value: 'test' }], {
    ca: { key: authority.key, cert: authority.cert },
    notBeforeDate: from,
    notAfterDate: to,
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      {
        name: 'subjectAltName',
        altNames: names.map((name) => (/^\d/.test(name) ? { type: 7, ip: name } : { type: 2, value: name })),
      },
    ],
  });
  return { key: made.private, cert: made.cert };
}

beforeAll(async () => {
  const made = await generate([{ name: 'commonName', value: 'test authority' }], {
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  authority = { key: made.private, cert: made.cert };
  const [past, soon, long] = [new Date('2020-01-01'), new Date('2021-01-01'), new Date('2036-01-01')];
  trusted = await certificate(['127.0.0.1'], past, long);
  wrongHost = await certificate(['localhost', 'mail.example.org'], past, long);
  expired = await certificate(['127.0.0.1'], past, soon);
});

/** What came in clear text, and what came through TLS. */
const MEBIBYTE = 1024 * 1024;
/** An answer may have 96 MiB; what the kernel and TLS keep between the two ends is on its way. */
const MOST_OF_AN_ANSWER_BYTES = 128 * MEBIBYTE;
/** Several times of such an answer: garbage stays until the collector comes, a list made of every number grows further. */
const MOST_GROWTH_BYTES = 512 * MEBIBYTE;

interface Heard {
  clear: string;
  encrypted: string;
}

let servers: Server[] = [];
const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  servers = [];
});

type Behave = (socket: Socket, heard: Heard) => void;

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

/** A server that speaks plain text until `behave` does otherwise. */
async function serve(behave: Behave): Promise<{ port: number; heard: Heard }> {
  const heard: Heard = { clear: '', encrypted: '' };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    behave(socket, heard);
  });
  return { port: await listen(server), heard };
}

type Replies = Record<string, string | null | ((socket: Socket) => void)>;

/** Answers each line by its command; a reply of `null` answers nothing. */
function converse(socket: Socket, note: (text: string) => void, replies: Replies): void {
  let rest = '';
  let last = '';
  socket.on('data', (chunk: Buffer) => {
    note(chunk.toString());
    rest += chunk.toString();
    for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
      const [tag = '', command = ''] = rest.slice(0, end).split(' ');
      rest = rest.slice(end + 2);
      // A line without a command goes on with the last one: the password.
      if (command === '') {
        socket.write(`${last} OK logged in\r\n`);
        continue;
      }
      last = tag;
      const reply = command.toUpperCase() in replies ? replies[command.toUpperCase()] : '%T OK done\r\n';
      if (typeof reply === 'string') socket.write(reply.replaceAll('%T', tag));
      else if (reply) reply(socket);
    }
  });
}

const CAPABLE = '* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN SASL-IR\r\n%T OK done\r\n';

/** Speaks STARTTLS with the certificate, and the conversation within. */
function withTls(pem: Pem, replies: Replies, injected = ''): Behave {
  return (socket, heard) => {
    socket.write('* OK ready\r\n');
    const plain = (chunk: Buffer): void => {
      const text = chunk.toString();
      heard.clear += text;
      const [tag = '', command = ''] = text.split(' ');
      if (command.trim() !== 'STARTTLS') return void socket.write(CAPABLE.replaceAll('%T', tag));
      socket.off('data', plain);
      socket.write(`${tag} OK go\r\n${injected}`);
      const secure = new TLSSocket(socket, { isServer: true, secureContext: createSecureContext(pem) });
      secure.on('error', () => undefined);
      converse(secure, (more) => (heard.encrypted += more), replies);
    };
    socket.on('data', plain);
  };
}

async function open(
  port: number,
  security: 'tls' | 'starttls' = 'starttls',
  timeoutMs = 1_500,
  signal: AbortSignal = NEVER,
): Promise<Session> {
  const provider = createImapProvider({
    egress: createEgressGuard({ allow: ['127.0.0.1'] }),
    certificateAuthorities: authority.cert,
    timeoutMs,
  });
  const server = { kind: 'imap', host: '127.0.0.1', port, security } as const;
  const password = new Secret(PASSWORD);
  return await provider.openSession(
    { kind: 'password', mailbox: null, context: {}, email: 'a@b.example', username: 'ana', password, server },
    signal,
  );
}

function isSilent({ clear, encrypted }: Heard): void {
  for (const bytes of [clear, encrypted]) {
    expect(bytes).not.toContain(PASSWORD);
    expect(bytes).not.toContain(Buffer.from(`\0ana\0${PASSWORD}`).toString('base64'));
  }
}

/** Never leaves plain text. */
function plain(replies: Replies, greeting = '* OK ready\r\n'): Behave {
  return (socket, heard) => {
    socket.write(greeting);
    converse(socket, (text) => (heard.clear += text), replies);
  };
}

/** What it would take to get the password out of a client that gives it. */
const asksForPassword = { AUTHENTICATE: '+ \r\n' };

describe('a hostile IMAP server gets no password', () => {
  const bare = '* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\n%T OK done\r\n';
  const cases: [string, () => Behave, string][] = [
    ['leaves STARTTLS out', () => plain({ ...asksForPassword, CAPABILITY: bare }), 'starttls_missing'],
    [
      'refuses STARTTLS',
      () => plain({ ...asksForPassword, CAPABILITY: CAPABLE, STARTTLS: '%T BAD no\r\n' }),
      'starttls_missing',
    ],
    [
      'greets as logged in',
      () => plain({ ...asksForPassword, CAPABILITY: bare }, '* PREAUTH welcome\r\n'),
      'starttls_missing',
    ],
    ['says goodbye', () => plain({}, '* BYE go away\r\n'), 'BYE'],
    [
      'injects an answer before TLS',
      () => withTls(trusted, asksForPassword, '* CAPABILITY IMAP4rev1\r\n'),
      'tls_failed',
    ],
    ['has an unknown authority', () => withTls(wrongAuthority(), asksForPassword), 'tls_untrusted'],
    ['has a certificate of another host', () => withTls(wrongHost, asksForPassword), 'tls_untrusted'],
    ['has an expired certificate', () => withTls(expired, asksForPassword), 'tls_untrusted'],
    ['says nothing', () => () => undefined, 'timeout'],
  ];
  let foreign: Pem;
  beforeAll(async () => {
    const made = await generate([{ name: 'commonName', value: '127.0.0.1' }], {});
    foreign = { key: made.private, cert: made.cert };
  });
  const wrongAuthority = (): Pem => foreign;

  it.each(cases)('when it %s', async (_what, behave, code) => {
    const { port, heard } = await serve(behave());
    const { verdict } = await failureOf(open(port));
    isSilent(heard);
    expect([verdict.kind, verdict.providerCode]).toEqual(['transient', code]);
  });

  it('when it greets as logged in within TLS', async () => {
    const heard: Heard = { clear: '', encrypted: '' };
    const server = createTlsServer({ ...trusted }, (socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.write('* PREAUTH [CAPABILITY IMAP4rev1] welcome\r\n');
      converse(socket, (text) => (heard.encrypted += text), {});
    });
    const { verdict } = await failureOf(open(await listen(server), 'tls'));
    isSilent(heard);
    expect(verdict.kind).toBe('transient');
  });

  it('when it knows TLS 1.1 only', async () => {
    const server = createTlsServer({ ...trusted, maxVersion: 'TLSv1.1', minVersion: 'TLSv1' });
    server.on('tlsClientError', () => undefined);
    const { verdict } = await failureOf(open(await listen(server), 'tls'));
    expect(verdict).toMatchObject({ kind: 'transient', reason: 'network' });
  });
});

const numbers = (from: number, count: number) => Array.from({ length: count }, (_, n) => from + n).join(' ');
const says = (line: string) => serve((socket) => void socket.write(line));
/** Answers a line that it does not understand. */
const answers = (line: string) => serve((socket) => void socket.once('data', () => socket.end(line)));
const withinTls = async (behave: (socket: Socket) => void): Promise<{ port: number }> => {
  const server = createTlsServer({ ...trusted }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    behave(socket);
  });
  server.on('tlsClientError', () => undefined);
  return { port: await listen(server) };
};

describe('a server that is none for IMAP is named for what it is, at once', () => {
  const http = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n';
  const smtp = '220 mail.example.com ESMTP\r\n';
  const cases: [string, 'tls' | 'starttls', () => Promise<{ port: number }>, string, RegExp][] = [
    ['SMTP', 'starttls', () => says(smtp), 'wrong_protocol', /SMTP/],
    ['SMTP within TLS', 'tls', () => withinTls((socket) => void socket.write(smtp)), 'wrong_protocol', /SMTP/],
    ['SMTP without TLS', 'tls', () => says(smtp), 'wrong_protocol', /SMTP/],
    ['POP3', 'starttls', () => says('+OK ready\r\n'), 'wrong_protocol', /POP3/],
    ['HTTP that waits', 'starttls', () => answers(http), 'wrong_protocol', /HTTP/],
    [
      'HTTPS',
      'tls',
      () => withinTls((socket) => socket.once('data', () => socket.end(http))),
      'wrong_protocol',
      /HTTP/,
    ],
    ['what no one knows', 'starttls', () => says('\x4a\0\0\0\x0a5.7'), 'wrong_protocol', /not speak IMAP/],
    ['IMAP without TLS', 'tls', () => serve(plain({})), 'wrong_security', /without TLS/],
    ['a TLS alert', 'starttls', () => says('\x15\x03\x01\0\x02\x02\x0a'), 'wrong_security', /TLS/],
    [
      'IMAP within TLS',
      'starttls',
      () => withinTls((socket) => void socket.write('* OK\r\n')),
      'wrong_security',
      /TLS/,
    ],
  ];

  it.each(cases)('%s', async (_what, security, start, code, words) => {
    const { port } = await start();
    const beganAtMs = performance.now();
    const failure = await failureOf(open(port, security, 9_500));
    expect([failure.verdict.kind, failure.verdict.providerCode]).toEqual(['transient', code]);
    expect(failure.message).toMatch(words);
    expect(performance.now() - beganAtMs).toBeLessThan(8_000);
  });

  it('and a slow greeting is waited for', async () => {
    const { port } = await serve((socket, heard) => void setTimeout(() => withTls(trusted, {})(socket, heard), 4_000));
    await (await open(port, 'starttls', 9_500)).close();
  });
});

describe('a broken IMAP server ends a session, not the process', () => {
  const loggedIn = {
    CAPABILITY: '* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\n%T OK done\r\n',
    AUTHENTICATE: '+ \r\n',
    LIST: '* LIST () "/" INBOX\r\n%T OK done\r\n',
    LSUB: '%T OK done\r\n',
    EXAMINE: '* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 9] x\r\n%T OK [READ-ONLY] done\r\n',
  };

  it('logs in over TLS', async () => {
    const { port, heard } = await serve(withTls(trusted, loggedIn));
    const session = await open(port);
    expect((await session.identify()).account.login).toBe('ana');
    await session.close();
    expect(heard.clear).not.toContain('ana');
    expect(heard.encrypted).toContain(Buffer.from(`\0ana\0${PASSWORD}`).toString('base64'));
  });

  it('by hanging up right after the login', async () => {
    const { port } = await serve((socket, heard) => {
      withTls(trusted, { ...loggedIn, AUTHENTICATE: '%T OK in\r\n', LIST: null }, '')(socket, heard);
      setTimeout(() => socket.destroy(), 300);
    });
    const { verdict } = await failureOf(open(port).then((session) => takeHeads(session)));
    expect(verdict).toMatchObject({ kind: 'transient', reason: 'network' });
  });

  it('by announcing a literal of four gigabytes', async () => {
    const before = process.memoryUsage().arrayBuffers;
    const fetch = '* 1 FETCH (UID 8 RFC822.SIZE 10 BODY[] {4294967295}\r\n';
    const { port } = await serve(withTls(trusted, { ...loggedIn, UID: fetch }));
    const session = await open(port);
    const items = [{ providerId: '8', generation: '7' }];
    const fetched = session.fetchMessages({ scope: 'INBOX', name: 'INBOX' }, items)[Symbol.asyncIterator]();
    expect((await failureOf(fetched.next())).verdict.kind).toBe('transient');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * MEBIBYTE);
    await session.close();
  });

  const INBOX = { scope: 'INBOX', name: 'INBOX' };
  const AFTER_THREE = JSON.stringify({ uidvalidity: '7', uid: 3 });

  const floods: [string, { begin?: string; repeat: string }][] = [
    ['unsolicited lines', { repeat: '* 1 FETCH (UID 8 FLAGS (\\Seen))\r\n'.repeat(1_000) }],
    ['a line', { repeat: 'a'.repeat(60_000) }],
    ['a line of brackets', { repeat: `* OK [${'['.repeat(30_000)}]\r\n` }],
    ['flags', { begin: '* 1 FETCH (UID 8 FLAGS (', repeat: 'flag '.repeat(10_000) }],
    ['literals', { begin: '* 1 FETCH (UID 8', repeat: ' {1}\r\na'.repeat(10_000) }],
    ['bodies', { repeat: `* 1 FETCH (UID 8 BODY[] {9000000}\r\n${'a'.repeat(9_000_000)})\r\n` }],
    ['searches', { repeat: `* SEARCH ${numbers(1, 9_000)}\r\n` }],
    ['UIDs in one line', { begin: '* SEARCH 1', repeat: ' 4000000000'.repeat(5_000) }],
    ['a set', { repeat: '* ESEARCH (TAG "A1") UID ALL 1:4294967295\r\n' }],
  ];

  it.each(floods)('by %s without end', async (_what, { begin = '', repeat }) => {
    let takenBytes = 0;
    const taken = (socket: Socket): void => {
      takenBytes += repeat.length;
      flood(socket);
    };
    const flood = (socket: Socket): void => void socket.write(repeat, (error) => error ?? taken(socket));
    const answer = (socket: Socket): void => void socket.write(begin, () => flood(socket));
    const { port } = await serve(withTls(trusted, { ...loggedIn, UID: answer }));
    const session = await open(port, 'starttls', 1_500, AbortSignal.timeout(20_000));
    const before = process.memoryUsage().rss;
    const { verdict } = await failureOf(session.listChanges(INBOX, AFTER_THREE, 10));
    expect(verdict).toMatchObject({ kind: 'transient', providerCode: 'answer_too_large' });
    expect(takenBytes).toBeLessThan(MOST_OF_AN_ANSWER_BYTES);
    expect(process.memoryUsage().rss - before).toBeLessThan(MOST_GROWTH_BYTES);
    await session.close();
  });

  it('by a search that fails: it is no empty folder', async () => {
    const { port } = await serve(withTls(trusted, { ...loggedIn, UID: '%T NO [SERVERBUG] Internal error\r\n' }));
    const session = await open(port);
    const cursor = JSON.stringify({ uidvalidity: '7', uid: 3 });
    const { verdict } = await failureOf(session.listChanges({ scope: 'INBOX', name: 'INBOX' }, cursor, 10));
    expect(verdict).toMatchObject({ kind: 'transient', providerCode: 'SERVERBUG' });
    await session.close();
  });

  it('by falling silent', async () => {
    const { port } = await serve(withTls(trusted, { ...loggedIn, UID: null }));
    const session = await open(port);
    const cursor = JSON.stringify({ uidvalidity: '7', uid: 3 });
    const { verdict } = await failureOf(session.listChanges({ scope: 'INBOX', name: 'INBOX' }, cursor, 10));
    expect(verdict).toMatchObject({ kind: 'transient', reason: 'network' });
    await session.close();
  });

  it('by nothing a user name or a folder can smuggle in', async () => {
    const { port, heard } = await serve(withTls(trusted, loggedIn));
    const session = await open(port);
    const scope = { scope: 'x"\r\nZ9 DELETE INBOX\r\n', name: null };
    await session.listChanges(scope, JSON.stringify({ uidvalidity: '7', uid: 3 }), 10).catch(() => undefined);
    await session.close();
    expect(heard.encrypted).not.toMatch(/^Z9 DELETE/m);
  });
});
