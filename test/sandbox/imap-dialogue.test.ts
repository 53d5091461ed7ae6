import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { imapFlow, password, RawClient, startImapServer, type TestImapServer } from './imap-server.ts';

let server: TestImapServer;
let accounts = 0;

beforeAll(async () => {
  server = await startImapServer();
});
afterAll(() => server.stop());

function newAccount(): string {
  const email = `raw${++accounts}@mail.example`;
  server.provider.putAccount(email, { password });
  return email;
}

async function encrypted(): Promise<RawClient> {
  const client = await RawClient.open(server.port);
  await client.startTls(server.ca);
  return client;
}

describe('before TLS', () => {
  it('offers STARTTLS, no login, and refuses one that comes anyway', async () => {
    const email = newAccount();
    const client = await RawClient.open(server.port);
    const capability = await client.command('CAPABILITY');
    expect(capability).toMatch(/^\* CAPABILITY IMAP4rev1 .*STARTTLS LOGINDISABLED/);
    expect(capability).not.toContain('AUTH=');
    expect(await client.command(`LOGIN ${email} "${password}"`)).toMatch(/^x2 NO \[PRIVACYREQUIRED\] /m);
    expect(await client.command('AUTHENTICATE PLAIN')).toMatch(/^x3 NO \[PRIVACYREQUIRED\] /m);
    expect(await client.command('SELECT INBOX')).toMatch(/^x4 BAD /);
    const [login] = server.deps.requests.list({ provider: 'imap', email });
    expect(login).toMatchObject({ kind: 'login', status: 401 });
    client.close();
  });

  it('forgets what was sent behind STARTTLS in the clear', async () => {
    const client = await RawClient.open(server.port);
    client.send('a STARTTLS\r\ninjected NOOP\r\n');
    await client.until(/^a OK .*\r\n/);
    await client.handshake(server.ca);
    expect(await client.command('NOOP')).toBe('x1 OK NOOP completed.\r\n');
    client.close();
  });

  it('has a certificate that only its own authority vouches for', async () => {
    await expect(imapFlow(server, newAccount(), { tls: {} }).connect()).rejects.toThrow(
      /certificate|signature|issuer/i,
    );
  });

  it('also listens with TLS from the first byte', async () => {
    const email = newAccount();
    const client = imapFlow(server, email, {
      port: Number(server.provider.connection['tls_port']),
      secure: true,
      doSTARTTLS: undefined as never,
    });
    await client.connect();
    await client.logout();
  });
});

describe('signing in', () => {
  it('takes a password as quoted string, literal and LITERAL+', async () => {
    const email = newAccount();
    server.provider.putAccount(email, { password: 'qu"o\\te {3} grün' });
    const bytes = Buffer.from('qu"o\\te {3} grün');
    const quoted = await encrypted();
    quoted.send(Buffer.from(`a LOGIN ${email} "qu\\"o\\\\te {3} grün"\r\n`));
    expect(await quoted.until(/^a .*\r\n/)).toMatch(/^a OK \[CAPABILITY .*UIDPLUS/);
    const literal = await encrypted();
    literal.send(`a LOGIN {${email.length}}\r\n`);
    await literal.until(/^\+ .*\r\n/);
    literal.send(`${email} {${bytes.length}}\r\n`);
    await literal.until(/^\+ .*\r\n/);
    literal.send(Buffer.concat([bytes, Buffer.from('\r\n')]));
    expect(await literal.until(/^a .*\r\n/)).toMatch(/^a OK/);
    const nonSynchronizing = await encrypted();
    nonSynchronizing.send(
      Buffer.concat([Buffer.from(`a LOGIN ${email} {${bytes.length}+}\r\n`), bytes, Buffer.from('\r\n')]),
    );
    expect(await nonSynchronizing.until(/^a .*\r\n/)).toMatch(/^a OK/);
    for (const client of [quoted, literal, nonSynchronizing]) client.close();
  });

  it('takes AUTHENTICATE PLAIN in one step or two, and lets it be cancelled', async () => {
    const email = newAccount();
    const response = Buffer.from(`\0${email}\0${password}`).toString('base64');
    const client = await encrypted();
    client.send('a AUTHENTICATE PLAIN\r\n');
    await client.until(/^\+ \r\n/);
    client.send('*\r\n');
    expect(await client.until(/^a .*\r\n/)).toMatch(/^a BAD/);
    expect(await client.command('AUTHENTICATE CRAM-MD5')).toMatch(/^x2 NO/m);
    expect(await client.command('AUTHENTICATE PLAIN ????')).toMatch(/^x3 BAD/m);
    const wrong = Buffer.from(`\0${email}\0wrong`).toString('base64');
    expect(await client.command(`AUTHENTICATE PLAIN ${wrong}`)).toMatch(/^x4 NO \[AUTHENTICATIONFAILED\]/m);
    client.send('b AUTHENTICATE PLAIN\r\n');
    await client.until(/^\+ \r\n/);
    client.send(`${response}\r\n`);
    expect(await client.until(/^b .*\r\n/)).toMatch(/^b OK/);
    const other = await encrypted();
    expect(await other.command(`AUTHENTICATE PLAIN ${response}`)).toMatch(/^x2 OK/m);
    for (const one of [client, other]) one.close();
  });

  it('refuses the sixteenth session of an account', async () => {
    const email = newAccount();
    const clients = await Promise.all(Array.from({ length: 15 }, () => RawClient.signedIn(server, email)));
    const oneMore = await encrypted();
    const answer = await oneMore.command(`LOGIN ${email} "${password}"`);
    expect(answer).toMatch(/^x2 NO \[ALERT\] Too many simultaneous connections/m);
    for (const client of [...clients, oneMore]) client.close();
  });
});

describe('grammar', () => {
  it('answers what it does not understand with BAD and goes on', async () => {
    const client = await RawClient.signedIn(server, newAccount());
    const bad = [
      'FROBNICATE',
      'SELECT',
      'SELECT "unclosed',
      'FETCH 1 (FLAGS)',
      'NOOP extra',
      'LIST "" "*" RETURN (NONSENSE)',
      'STATUS INBOX (NONSENSE)',
    ];
    for (const command of bad) expect(await client.command(command), command).toMatch(/^x\d+ BAD /m);
    await client.command('SELECT INBOX');
    const badWhenSelected = [
      'FETCH 0 FLAGS',
      'FETCH 1: FLAGS',
      'FETCH 1 (NONSENSE)',
      'UID SEARCH NONSENSE',
      'STORE 1 X ()',
    ];
    for (const command of badWhenSelected) expect(await client.command(command), command).toMatch(/^x\d+ BAD /m);
    expect(await client.command('NOOP')).toMatch(/^x\d+ OK/);
    client.send('\r\n+ NOOP\r\n');
    expect(await client.until(/^\* BAD .*\r\n/)).toBeTruthy();
    client.close();
  });

  it('reads commands that arrive byte by byte, or many at once', async () => {
    const client = await RawClient.signedIn(server, newAccount());
    for (const byte of 'a SELECT {5+}\r\ninBOx\r\n') {
      client.send(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await client.until(/^a .*\r\n/m)).toContain('a OK [READ-WRITE]');
    client.send('b NOOP\r\nc STATUS INBOX (MESSAGES)\r\nd LOGOUT\r\n');
    const rest = await client.rest();
    expect(rest).toMatch(/^b OK.*\r\n\* STATUS "INBOX" \(MESSAGES 0\)\r\nc OK.*\r\n\* BYE.*\r\nd OK.*\r\n$/);
  });

  it('hangs up on a line or a literal without end', async () => {
    const line = await encrypted();
    line.send('a'.repeat(70_000));
    expect(await line.rest()).toMatch(/^\* BYE /);
    const literal = await encrypted();
    literal.send('a LOGIN {4000000000}\r\n');
    expect(await literal.rest()).toMatch(/^\* BYE /);
  });
});

describe('FETCH', () => {
  it('finds the last message for n:* when there is nothing from n on', async () => {
    const email = newAccount();
    server.provider.deliver(email, { count: 3 });
    const client = await RawClient.signedIn(server, email);
    await client.command('SELECT INBOX');
    expect(await client.command('UID FETCH 4:* (UID)')).toMatch(/^\* 3 FETCH \(UID 3\)\r\nx\d+ OK/);
    expect(await client.command('UID FETCH 4:9 (UID)')).toMatch(/^x\d+ OK/);
    expect(await client.command('UID FETCH 3:1,2 (UID)')).toMatch(/^(\* \d FETCH \(UID \d\)\r\n){3}x\d+ OK/);
    client.close();
  });

  it('sets \\Seen for BODY[] alone, and not in a folder that was only examined', async () => {
    const email = newAccount();
    server.provider.deliver(email, { count: 1 });
    const client = await RawClient.signedIn(server, email);
    await client.command('EXAMINE INBOX');
    await client.command('UID FETCH 1 BODY[]');
    expect(await client.command('STORE 1 +FLAGS (\\Seen)')).toMatch(/^x\d+ NO \[READ-ONLY\]/m);
    await client.command('SELECT INBOX');
    await client.command('UID FETCH 1 BODY.PEEK[]');
    expect(await client.command('FETCH 1 FLAGS')).toContain('* 1 FETCH (FLAGS ())');
    expect(await client.command('FETCH 1 (BODY[TEXT]<2.7>)')).toMatch(
      /^\* 1 FETCH \(BODY\[TEXT\]<2> \{7\}\r\n.{7} FLAGS \(\\Seen\)\)/s,
    );
    client.close();
  });

  // Compared with the answers of Dovecot 2.3.19 to the same message, which differ in upper and lower case only.
  it('describes a message as Dovecot does', async () => {
    const client = await RawClient.signedIn(server, newAccount());
    const message = nestedMessage.replaceAll('\n', '\r\n');
    await client.command(`APPEND INBOX (\\Seen $x) "05-Mar-2026 10:11:12 +0100" {${message.length}+}\r\n${message}`);
    await client.command('SELECT INBOX');
    const fetched = async (item: string): Promise<string> =>
      /^\* 1 FETCH \((.*)\)\r\nx\d+ OK/s.exec(await client.command(`FETCH 1 ${item}`))?.[1] ?? '';
    expect(await fetched('(FLAGS INTERNALDATE RFC822.SIZE)')).toBe(
      `FLAGS (\\Seen $x) INTERNALDATE " 5-Mar-2026 09:11:12 +0000" RFC822.SIZE ${message.length}`,
    );
    expect(await fetched('ENVELOPE')).toBe(nestedEnvelope);
    expect(await fetched('BODYSTRUCTURE')).toBe(nestedStructure);
    expect(await fetched('BODY.PEEK[HEADER.FIELDS (subject X-None)]')).toBe(
      'BODY[HEADER.FIELDS (SUBJECT X-NONE)] {32}\r\nSubject: folded\r\n over lines\r\n\r\n',
    );
    expect(await fetched('BODY.PEEK[2.TEXT]')).toBe('BODY[2.TEXT] {6}\r\ninside');
    expect(await fetched('BODY.PEEK[2.HEADER.FIELDS (SUBJECT)]')).toBe(
      'BODY[2.HEADER.FIELDS (SUBJECT)] {18}\r\nSubject: inner\r\n\r\n',
    );
    expect(await fetched('BODY.PEEK[1.2.MIME]')).toBe(
      'BODY[1.2.MIME] {42}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n',
    );
    expect(await fetched('BODY.PEEK[1.1]')).toBe('BODY[1.1] {5}\r\nplain');
    expect(await fetched('BODY.PEEK[3]')).toBe('BODY[3] NIL');
    client.close();
  });
});

describe('two sessions', () => {
  it('keep their numbers until they may be told', async () => {
    const email = newAccount();
    server.provider.deliver(email, { count: 4 });
    const one = await RawClient.signedIn(server, email);
    const other = await RawClient.signedIn(server, email);
    await one.command('SELECT INBOX');
    await other.command('SELECT INBOX');
    await one.command('STORE 2:3 +FLAGS.SILENT (\\Deleted)');
    expect(await one.command('EXPUNGE')).toMatch(/^\* 3 EXPUNGE\r\n\* 2 EXPUNGE\r\nx\d+ OK/);
    // For the other one the last message still is number 4, and the second is gone without a number of its own.
    expect(await other.command('FETCH 2:4 (UID)')).toMatch(/^\* 4 FETCH \(UID 4\)\r\nx\d+ OK/);
    server.provider.deliver(email, { count: 1 });
    expect(await other.command('NOOP')).toMatch(
      /^\* 3 EXPUNGE\r\n\* 2 EXPUNGE\r\n\* 3 EXISTS\r\n\* 0 RECENT\r\nx\d+ OK/,
    );
    await one.command('STORE 1 +FLAGS (\\Flagged)');
    expect(await other.command('NOOP')).toContain('* 1 FETCH (FLAGS (\\Flagged))');
    for (const client of [one, other]) client.close();
  });

  it('see conditional changes refused (RFC 7162)', async () => {
    const email = newAccount();
    server.provider.deliver(email, { count: 2 });
    const client = await RawClient.signedIn(server, email);
    const highest = Number(/HIGHESTMODSEQ (\d+)/.exec(await client.command('SELECT INBOX (CONDSTORE)'))?.[1]);
    await client.command('STORE 1 +FLAGS (\\Flagged)');
    const answer = await client.command(`STORE 1:2 (UNCHANGEDSINCE ${highest}) +FLAGS.SILENT (\\Seen)`);
    expect(answer).toMatch(/^\* 2 FETCH \(MODSEQ \(\d+\)\)\r\nx\d+ OK \[MODIFIED 1\]/);
    expect(await client.command(`FETCH 1:* (UID) (CHANGEDSINCE ${highest})`)).toMatch(
      /^\* 1 FETCH \(UID 1 MODSEQ \(\d+\)\)\r\n\* 2 FETCH \(UID 2 MODSEQ \(\d+\)\)\r\nx\d+ OK/,
    );
    expect(await client.command(`UID SEARCH RETURN (MIN COUNT ALL) MODSEQ ${highest + 2}`)).toMatch(
      /^\* ESEARCH \(TAG "x\d+"\) UID MIN 2 ALL 2 COUNT 1 MODSEQ \d+\r\n/,
    );
    client.close();
  });
});

it('answers a mailbox of 20,000 whole', async () => {
  const email = newAccount();
  server.provider.deliver(email, { count: 20_000 });
  const client = await RawClient.signedIn(server, email);
  await client.command('SELECT INBOX');
  const lines = async (command: string, line: RegExp) => (await client.command(command)).match(line)?.length;
  expect(await lines('UID FETCH 1:* (UID)', /^\* \d+ FETCH \(UID \d+\)\r$/gm)).toBe(20_000);
  expect(await client.command('UID SEARCH RETURN (COUNT) SINCE 1-Jan-2020')).toMatch(/COUNT 20000/);
  expect(await client.command('UID SEARCH HEADER Message-ID "<absent@x>"')).toMatch(/^\* SEARCH\r\n/);
  server.provider.deliver(email, { count: 500 });
  expect(await client.command('NOOP')).toMatch(/^\* 20500 EXISTS\r\n/m);
  expect(await lines('UID FETCH 20001:20500 (UID BODY.PEEK[])', /^\* \d+ FETCH \(UID \d+ BODY\[\] \{/gm)).toBe(500);
  client.close();
});

const nestedMessage = `From: "Doe, Jane" <jane@example.com>, bob@example.org (Bob B)
To: undisclosed-recipients:;
Cc: Team A: a@x.example, <b@x.example>;, c@x.example
Subject: folded
 over lines
Date: Thu, 5 Mar 2026 10:11:12 +0100
Message-ID: <a1@example.com>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="outer"

preamble
--outer
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset="utf-8"; format=flowed
Content-Transfer-Encoding: 8bit

plain
--inner
Content-Type: text/html; charset=utf-8

<p>html</p>
--inner--
--outer
Content-Type: message/rfc822
Content-Disposition: attachment; filename="a b.eml"

From: in@x.example
Subject: inner

inside
--outer--
`;
const jane = '(("Doe, Jane" NIL "jane" "example.com")("Bob B" NIL "bob" "example.org"))';
const nestedEnvelope =
  `ENVELOPE ("Thu, 5 Mar 2026 10:11:12 +0100" "folded over lines" ${jane} ${jane} ${jane} ` +
  '((NIL NIL "undisclosed-recipients" NIL)(NIL NIL NIL NIL)) ((NIL NIL "Team A" NIL)(NIL NIL "a" "x.example")' +
  '(NIL NIL "b" "x.example")(NIL NIL NIL NIL)(NIL NIL "c" "x.example")) NIL NIL "<a1@example.com>")';
const innerSender = '((NIL NIL "in" "x.example"))';
const nestedStructure =
  'BODYSTRUCTURE ((("TEXT" "PLAIN" ("CHARSET" "utf-8" "FORMAT" "flowed") NIL NIL "8BIT" 5 0 NIL NIL NIL NIL)' +
  '("TEXT" "HTML" ("CHARSET" "utf-8") NIL NIL "7BIT" 11 0 NIL NIL NIL NIL) "ALTERNATIVE" ("BOUNDARY" "inner") ' +
  `NIL NIL NIL)("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 44 (NIL "inner" ${innerSender} ${innerSender} ${innerSender} NIL NIL NIL NIL ` +
  'NIL) ("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT" 6 0 NIL NIL NIL NIL) 3 NIL ("ATTACHMENT" ' +
  '("FILENAME" "a b.eml")) NIL NIL) "MIXED" ("BOUNDARY" "outer") NIL NIL NIL)';
