import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSmtpMailer } from '../../mailer/smtp-mailer.ts';
import type { Mail } from '../../domain/mail.ts';
import { withoutServer } from '../../mailer/mailer.ts';
import { parseSender, parseSmtpUrl } from '../../mailer/smtp-url.ts';
import { composeMail } from '../../notifications/mail/compose.ts';
import { readConfig } from '../../runtime/config.ts';
import { keptLogger } from '../support/kept-log.ts';
import { secret } from '../support/minting.ts';
import { sampleOf } from './mail-samples.ts';
import { startMailServer } from './mail-server.ts';

const password = secret('smtp-password');
const logger = keptLogger('smtp');
const told: { code: string }[] = [];
let plain: Awaited<ReturnType<typeof startMailServer>>;
let guarded: typeof plain;
let authority = '';

beforeAll(async () => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keySize: 2048,
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] },
    ],
  });
  authority = cert;
  plain = await startMailServer();
  guarded = await startMailServer({ tls: { key, cert }, login: { user: 'mooring@relay', password } });
});

afterAll(async () => {
  await Promise.all([plain.close(), guarded.close()]);
});

function mailTo(email: string): Mail {
  const { recipient, ...input } = sampleOf('reauth_required', { locale: 'ja' });
  const content = composeMail({ ...input, recipient: { ...recipient, email } });
  return { ...content, id: 'ml_0123', tenantId: 'acme', to: { email, name: recipient.name } };
}

/** A mailer as `SMTP_URL` makes it, that waits a tenth of a second where the real one waits seconds. */
function mailerAt(url: string, certificateAuthorities: string | null = null) {
  const server = parseSmtpUrl(url);
  const from = parseSender('Mooring <no-reply@mooring.example>');
  if (!('value' in server) || !('value' in from)) throw new Error('this test names a wrong address');
  return createSmtpMailer({
    server: server.value,
    from: from.value,
    certificateAuthorities,
    tellOperator(failure) {
      told.push(failure);
      logger.warn(failure, 'The mail server of SMTP_URL takes no mail from us');
    },
    limits: { connection: 1000, greeting: 300, idle: 300, whole: 2000 },
  });
}

const outcomeOf = async (email: string) => {
  const result = await mailerAt(`smtp://127.0.0.1:${plain.port}`).send(mailTo(email));
  return result.outcome === 'sent' ? 'sent' : `${result.outcome} ${result.code}`;
};

describe('SMTP', () => {
  test('takes a mail to one recipient, under a Message-ID that a second try repeats', async () => {
    const mailer = mailerAt(`smtp://127.0.0.1:${plain.port}`);
    const mail = mailTo('ana.owner@people.example');
    expect(await mailer.send(mail)).toEqual({ outcome: 'sent', messageId: '<ml_0123@mooring.example>' });
    await mailer.send(mail);
    const [first, second] = plain.mails.splice(0);
    expect(first?.to).toEqual(['ana.owner@people.example']);
    const headers = first?.raw.slice(0, first.raw.indexOf('\r\n\r\n')) ?? '';
    for (const line of [
      'From: Mooring <no-reply@mooring.example>',
      'To: Ana Fischer <ana.owner@people.example>',
      'Message-ID: <ml_0123@mooring.example>',
      'Auto-Submitted: auto-generated',
      'List-Unsubscribe-Post: List-Unsubscribe=One-Click',
    ]) {
      expect(headers.split('\r\n')).toContain(line);
      expect(second?.raw).toContain(line);
    }
    expect(headers).toMatch(/^Content-Type: multipart\/alternative/m);
    expect(headers).toMatch(/^Subject: =\?UTF-8\?/m);
    expect(headers).not.toMatch(/X-Mailer/i);
  });

  test.each([
    ['550-5.1.1_no_such_user', 'refused recipient_refused'],
    ['553-5.1.3_bad_address', 'refused recipient_refused'],
    ['550-5.2.1_disabled', 'refused recipient_refused'],
    ['550-user_unknown', 'refused recipient_refused'],
    ['550-5.4.1_Recipient_address_rejected=_Access_denied', 'refused recipient_refused'],
    ['data-550-5.1.1_no_such_user', 'refused recipient_refused'],
    ['not an address', 'refused recipient_invalid'],
    ['450-4.2.1_greylisted', 'later smtp_deferred'],
    ['421-4.7.0_busy', 'later smtp_deferred'],
    ['552-5.2.2_full', 'later mailbox_full'],
    ['hang', 'later smtp_timeout'],
    ['data-451-4.3.0_disk', 'later smtp_deferred'],
    ['550-5.1.8_sender', 'failed smtp_sender_refused'],
    ['550-5.7.1_relay_denied_for_unknown_user', 'failed smtp_mail_refused'],
    ['550-blocked_by_policy=_user_unknown', 'failed smtp_mail_refused'],
    ['data-554-5.7.1_spam', 'failed smtp_mail_refused'],
  ])('answers %s: %s', async (local, outcome) => {
    expect(await outcomeOf(local.includes(' ') ? local : `${local}@people.example`)).toBe(outcome);
    expect(plain.mails.splice(0)).toEqual([]);
  });

  test('STARTTLS is required and its certificate verified; the login is sent after it', async () => {
    const at = (host: string, login = `mooring%40relay:${password}`, parameter = '?starttls=required') =>
      `smtp://${login}@${host}:${guarded.port}${parameter}`;
    const mail = mailTo('ana.owner@people.example');
    const trusting = await mailerAt(at('localhost'), authority).send(mail);
    expect(trusting).toMatchObject({ outcome: 'sent' });
    expect(guarded.mails.splice(0)).toMatchObject([{ isEncrypted: true, user: 'mooring@relay' }]);
    for (const mailer of [
      mailerAt(at('localhost')),
      mailerAt(at('127.0.0.1'), authority),
      mailerAt(`smtp://127.0.0.1:${plain.port}?starttls=required`),
    ]) {
      expect(await mailer.send(mail)).toMatchObject({ outcome: 'later', code: 'smtp_tls_failed' });
    }
    expect(guarded.mails).toEqual([]);
  });

  test('a refused login is the operator’s to mend, and its password is told to no one', async () => {
    told.length = 0;
    const wrong = secret('smtp-wrong-password');
    const mailer = mailerAt(`smtp://mooring%40relay:${wrong}@localhost:${guarded.port}?starttls=required`, authority);
    const result = await mailer.send(mailTo('ana.owner@people.example'));
    expect(result).toMatchObject({ outcome: 'failed', code: 'smtp_authentication_failed' });
    expect(told).toMatchObject([{ code: 'smtp_authentication_failed', smtpStatus: 535 }]);
    expect(JSON.stringify([result, told])).not.toContain(wrong);
  });

  test('a server that is away, or says nothing, is tried later', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as AddressInfo;
    const mail = mailTo('ana.owner@people.example');
    expect(await mailerAt(`smtp://127.0.0.1:${port}`).send(mail)).toMatchObject({ code: 'smtp_timeout' });
    await new Promise((resolve) => silent.close(resolve));
    expect(await mailerAt(`smtp://127.0.0.1:${port}`).send(mail)).toMatchObject({
      outcome: 'later',
      code: 'smtp_unreachable',
    });
    const none = withoutServer;
    expect(await none.send(mail)).toMatchObject({ outcome: 'failed', code: 'smtp_not_configured' });
  });

  test('SMTP_URL and MAIL_FROM are judged at the start, in words without their values', () => {
    const from = 'Mooring <no-reply@mooring.example>';
    const given = { DATABASE_URL: 'postgres://a:b@h/d', TEMPORAL_ADDRESS: 'h:1', MOORING_VAULT_KEYS_FILE: 'keys' };
    const mailOf = (url: string, sender = from) => readConfig({ ...given, SMTP_URL: url, MAIL_FROM: sender }).mail;
    expect(mailOf('smtps://u:p%40ss@smtp.example.com')).toMatchObject({
      smtp: { host: 'smtp.example.com', port: 465, security: 'tls', login: { user: 'u' } },
      from: { address: 'no-reply@mooring.example', name: 'Mooring' },
    });
    expect(mailOf('smtp://smtp.example.com')).toMatchObject({ smtp: { port: 587, security: 'starttls', login: null } });
    expect(mailOf('smtp://relay.internal:25?starttls=optional')).toMatchObject({ smtp: { security: 'optional' } });
    expect(mailOf('smtp://[::1]:25')).toMatchObject({ smtp: { host: '::1', security: 'none' } });
    const word = secret('smtp-url-password');
    for (const [url, sender] of [
      [`http://u:${word}@smtp.example.com`, from],
      [`smtp://u:${word}@smtp.example.com?pool=true`, from],
      [`smtp://u:${word}@`, from],
      [`smtp://u:${word}%zz@smtp.example.com`, from],
      ['smtp://u@smtp.example.com', from],
      ['smtp://smtp.example.com', word],
      ['smtp://smtp.example.com', `a@b.example, ${word}@b.example`],
    ] as const) {
      expect(() => mailOf(url, sender)).toThrow(/^(SMTP_URL|MAIL_FROM): expected/);
      expect(() => mailOf(url, sender)).not.toThrow(word);
    }
    expect(() => readConfig({ ...given, SMTP_URL: 'smtp://smtp.example.com' })).toThrow('MAIL_FROM');
  });
});
