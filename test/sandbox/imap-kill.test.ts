import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { ImapFlow } from 'imapflow';
import { afterAll, expect, it } from 'vitest';

interface Addresses {
  pid: number;
  control: string;
  imap: { host: string; port: number; ca_file: string };
}

const dir = mkdtempSync(join(tmpdir(), 'sandbox-imap-kill-'));
let running: ChildProcess | undefined;

afterAll(async () => {
  await kill();
  rmSync(dir, { recursive: true, force: true });
});

async function start(): Promise<Addresses> {
  await kill();
  const file = join(dir, 'sandbox.json');
  rmSync(file, { force: true });
  const child = spawn(process.execPath, ['sandbox/main.ts', '--dir', dir], { stdio: ['ignore', 'ignore', 'inherit'] });
  running = child;
  while (!existsSync(file)) {
    if (child.exitCode !== null) throw new Error('the sandbox ended');
    await sleep(20);
  }
  return JSON.parse(readFileSync(file, 'utf8')) as Addresses;
}

async function kill(): Promise<void> {
  const child = running;
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function control(addresses: Addresses, method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${addresses.control}/control/${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  expect(response.ok, `${method} ${path}: ${response.status}`).toBe(true);
  return response.json();
}

async function open({ imap }: Addresses, email: string, pass: string): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: imap.host,
    port: imap.port,
    secure: false,
    doSTARTTLS: true,
    auth: { user: email, pass },
    tls: { ca: readFileSync(imap.ca_file, 'utf8') },
    logger: false,
  });
  client.on('error', () => {});
  await client.connect();
  return client;
}

it('KILL: everything that was answered is still there, under the same ids, at the same address', async () => {
  const email = 'ana@mail.example';
  const first = await start();
  await control(first, 'PUT', `accounts/imap/${email}`, { password: 'one' });
  await control(first, 'POST', `accounts/imap/${email}/messages`, { count: 50, size: 4000 });
  await control(first, 'POST', `accounts/imap/${email}/messages`, { count: 2, folder: 'Projects/Über' });
  const client = await open(first, email, 'one');
  await client.mailboxOpen('INBOX');
  await client.messageFlagsAdd('7', ['\\Flagged'], { uid: true });
  await client.messageMove('9', 'Archive', { uid: true });
  await client.append('Sent', 'Subject: own\r\nMessage-ID: <own@mail.example>\r\n\r\nHello\r\n');
  const source = await client.fetchOne('3', { source: true }, { uid: true });
  await control(first, 'POST', 'faults', { provider: 'imap', email, fault: 'password_changed' });
  await control(first, 'PUT', `accounts/imap/${email}`, { password: 'two' });
  const before = await control(first, 'GET', `accounts/imap/${email}/messages`);
  await kill();

  const second = await start();
  expect(second.imap).toEqual(first.imap);
  expect(await control(second, 'GET', `accounts/imap/${email}/messages`)).toEqual(before);
  await expect(open(second, email, 'one')).rejects.toMatchObject({ authenticationFailed: true });
  const again = await open(second, email, 'two');
  await again.mailboxOpen('INBOX');
  expect(again.mailbox).toMatchObject({ exists: 49, uidNext: 51 });
  expect(await again.search({ flagged: true }, { uid: true })).toEqual([7]);
  const sourceAgain = await again.fetchOne('3', { source: true }, { uid: true });
  expect(sourceAgain && sourceAgain.source).toEqual(source && source.source);
  const logins = (await control(second, 'GET', `requests?provider=imap&kind=login&email=${email}`)) as {
    data: { status: number | null }[];
  };
  expect(logins.data.map(({ status }) => status)).toEqual([200, 401, 200]);
  await again.logout();
}, 30_000);

it('KILL: a message whose APPEND was answered is there, whenever the process dies', async () => {
  const email = 'ben@mail.example';
  let addresses = await start();
  await control(addresses, 'PUT', `accounts/imap/${email}`, { password: 'one' });
  const answered: string[] = [];
  for (let round = 0; round < 3; round++) {
    const client = await open(addresses, email, 'one');
    const killed = sleep(20 + 37 * round).then(kill);
    try {
      for (let number = 0; ; number++) {
        const messageId = `<${round}.${number}@mail.example>`;
        await client.append('Sent', `Subject: x\r\nMessage-ID: ${messageId}\r\n\r\n${'y'.repeat(5000)}\r\n`);
        answered.push(messageId);
      }
    } catch {
      await killed;
    }
    addresses = await start();
    const listed = (await control(addresses, 'GET', `accounts/imap/${email}/messages`)) as {
      messages: { message_id: string }[];
    };
    expect(listed.messages.map(({ message_id: id }) => id)).toEqual(expect.arrayContaining(answered));
    // One more may have been stored whose answer was lost; twice is never.
    expect(new Set(listed.messages.map(({ message_id: id }) => id)).size).toBe(listed.messages.length);
  }
  expect(answered.length).toBeGreaterThan(5);
}, 30_000);
