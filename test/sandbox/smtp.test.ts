import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSandbox } from '../../sandbox/sandbox.ts';
import type { RunningSandbox } from '../../sandbox/sandbox.ts';
import { secret } from '../support/minting.ts';
import { sandboxControl } from '../support/sandbox-control.ts';

/* The servers of the sandbox that take mail, at which nodemailer logs in. */

const PASSWORD = secret('password');
const dir = mkdtempSync(join(tmpdir(), 'sandbox-smtp-'));
let sandbox: RunningSandbox;
let control: ReturnType<typeof sandboxControl>;
let ports: Record<'imap' | 'google' | 'microsoft', number>;

beforeAll(async () => {
  sandbox = await startSandbox({ dir, port: 0 });
  control = sandboxControl(sandbox.addresses.control);
  const { imap, imap_oauth: oauth } = sandbox.addresses.run as {
    imap: { smtp_port: number };
    imap_oauth: Record<'google' | 'microsoft', { smtp_port: number }>;
  };
  ports = { imap: imap.smtp_port, google: oauth.google.smtp_port, microsoft: oauth.microsoft.smtp_port };
  for (const email of ['ana@example.com', 'ben@example.com']) {
    await control.account('imap', email, { password: PASSWORD });
  }
  await control.account('google', 'cleo@example.com');
});
afterAll(async () => {
  await sandbox.close();
  rmSync(dir, { recursive: true, force: true });
});

const transport = (port: number, auth: object) =>
  createTransport({
    host: '127.0.0.1',
    port,
    requireTLS: true,
    tls: { ca: readFileSync(sandbox.addresses.authorities[0] ?? '', 'utf8') },
    auth,
    forceAuth: true,
  });
const asAna = (method: 'PLAIN' | 'LOGIN' = 'PLAIN', pass = PASSWORD) =>
  transport(ports.imap, { user: 'ana@example.com', pass, method });
const mail = (subject: string) => ({
  from: 'ana@example.com',
  to: ['ben@example.com', 'cleo@example.com', 'stranger@elsewhere.example'],
  subject,
  text: 'Hello',
});

/** Folder and Message-ID of what an account holds. */
async function held(provider: string, email: string) {
  const path = `/control/accounts/${provider}/${email}/messages`;
  return (await control.call<{ messages: { folder: string; message_id: string }[] }>('GET', path)).messages;
}

const count = async () => (await held('imap', 'ben@example.com')).length;

test('a mail is kept by the sender and delivered to those who have an account, wherever it is', async () => {
  for (const method of ['PLAIN', 'LOGIN'] as const) {
    const { messageId: message_id } = await asAna(method).sendMail(mail(method));
    expect((await held('imap', 'ana@example.com')).at(-1)).toMatchObject({ folder: 'Sent', message_id });
    expect((await held('imap', 'ben@example.com')).at(-1)).toMatchObject({ folder: 'INBOX', message_id });
    expect((await held('google', 'cleo@example.com')).at(-1)).toMatchObject({ folder: 'INBOX', message_id });
  }
});

test('a wrong password and a token that was never issued are refused as the real servers do', async () => {
  await expect(asAna('PLAIN', secret('wrong-password')).verify()).rejects.toMatchObject({ responseCode: 535 });
  for (const provider of ['google', 'microsoft'] as const) {
    const auth = { type: 'OAuth2', user: 'cleo@example.com', accessToken: secret('token') };
    await expect(transport(ports[provider], auth).verify()).rejects.toMatchObject({ code: 'EAUTH' });
  }
  const logins = await control.requests('imap', 'login', 'ana@example.com');
  expect(logins.at(-1)).toMatchObject({ operation: 'SMTP AUTH PLAIN', status: 401 });
});

test('a connection that is cut after the last byte leaves open whether the mail was taken', async () => {
  const before = await count();
  const of = { kind: 'send', times: 1 };
  await control.fault('imap', 'ana@example.com', 'cut_connection', { ...of, after: 'processing' });
  await expect(asAna().sendMail(mail('taken'))).rejects.toMatchObject({ command: 'CONN' });
  expect(await count()).toBe(before + 1);
  await control.fault('imap', 'ana@example.com', 'cut_connection', { ...of, after: 'request' });
  await expect(asAna().sendMail(mail('lost'))).rejects.toMatchObject({ command: 'CONN' });
  expect(await count()).toBe(before + 1);
  await control.fault('imap', 'ana@example.com', 'unavailable', of);
  await expect(asAna().sendMail(mail('later'))).rejects.toMatchObject({ responseCode: 451 });
  await control.fault('imap', 'ana@example.com', 'slow', { ...of, ms: 200 });
  const began = performance.now();
  await asAna().sendMail(mail('slow'));
  expect(performance.now() - began).toBeGreaterThan(190);
});
