import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Dovecot, dovecotInstalled } from '../support/dovecot.ts';
import { keepAnswer } from '../support/kept-answers.ts';
import { secret } from '../support/minting.ts';
import { startMooring, START_TIMEOUT_MS } from '../support/mooring.ts';
import type { Mooring } from '../support/mooring.ts';

const EMAIL = 'ana@dovecot.example';
const FIRST = secret('password');
const SECOND = secret('password');
const WRONG = secret('wrong-password');

interface Channel {
  id: string;
  credential_version: number;
}
interface Receipt {
  cause: string;
  found: number;
  already_had: number;
}

/** A mailbox on a server that is not ours, through a whole Mooring. */
describe.skipIf(!dovecotInstalled)('a mailbox at Dovecot', { timeout: 120_000 }, () => {
  let dovecot: Dovecot;
  let mooring: Mooring;
  let channelId = '';

  beforeAll(async () => {
    dovecot = await Dovecot.start();
    await dovecot.setPassword(EMAIL, FIRST);
    mooring = await startMooring({ MOORING_CA_FILE: dovecot.caFile });
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await mooring?.stop();
    await dovecot?.stop();
  }, 120_000);

  const channel = () => mooring.call<Channel>('GET', `/v1/channels/${channelId}`);
  const feed = async () =>
    (await mooring.call<{ data: { id: string }[] }>('GET', `/v1/messages?channel=${channelId}&limit=200`)).data;

  async function signIn(linkUrl: string, password: string): Promise<{ status: number; body: Record<string, unknown> }> {
    const { host, port } = dovecot;
    const answer = await fetch(`${linkUrl}/password`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ access_type: 'imap', username: EMAIL, password, host, port, security: 'starttls' }),
    });
    const { status, headers } = answer;
    const text = await answer.text();
    keepAnswer({ method: 'POST', url: linkUrl, status, headers, body: text });
    return { status, body: JSON.parse(text) as Record<string, unknown> };
  }

  async function deliver(messages: readonly Buffer[]): Promise<void> {
    await dovecot.as(EMAIL, async (client) => {
      for (const raw of messages) expect(await client.append('INBOX', raw)).toMatchObject({ destination: 'INBOX' });
    });
  }

  /** Waits until the feed has as many messages as were delivered, then compares each byte of each. */
  async function expectInFeed(delivered: readonly Buffer[]): Promise<void> {
    await vi.waitFor(async () => expect(await feed()).toHaveLength(delivered.length), {
      timeout: 60_000,
      interval: 200,
    });
    const stored = await Promise.all((await feed()).map(({ id }) => rawOf(id)));
    expect(stored.map(toText).sort()).toEqual(delivered.map(toText).sort());
  }

  async function rawOf(id: string): Promise<Buffer> {
    const { api, api_key } = mooring.run;
    const answer = await fetch(`${api}/v1/messages/${id}/raw`, { headers: { authorization: `Bearer ${api_key}` } });
    expect(answer.headers.get('content-type')).toContain('message/rfc822');
    return Buffer.from(await answer.arrayBuffer());
  }

  it('is connected with its password, over STARTTLS, trusting the authority of MOORING_CA_FILE', async () => {
    const link = await mooring.call<{ url: string }>('POST', '/v1/links', {
      tenant: 'acme',
      access_types: ['imap'],
      owner: { email: EMAIL },
    });
    expect(await signIn(link.url, WRONG)).toMatchObject({ body: { code: 'authentication_failed' } });
    const { status, body } = await signIn(link.url, FIRST);
    expect(status, JSON.stringify(body)).toBe(200);
    channelId = (body['channel'] as Channel).id;
    await vi.waitFor(async () => expect(await channel()).toMatchObject({ status: 'connected' }), 30_000);
  });

  const ordinary = [eightBitHeaders(), withAttachment(), withoutMessageId(), withoutMessageId(), withoutAnything()];

  it('has its mail imported, each byte as it was delivered', async () => {
    await deliver(ordinary);
    await expectInFeed(ordinary);
  });

  it('says so when the password was changed', async () => {
    await dovecot.setPassword(EMAIL, SECOND);
    await mooring.call('POST', `/v1/channels/${channelId}/report-failure`, { http_status: 401 });
    await vi.waitFor(
      async () =>
        expect(await channel()).toMatchObject({ status: 'reauth_required', status_reason: 'password_changed' }),
      { timeout: 30_000, interval: 200 },
    );
  });

  it('gets what came meanwhile after a new sign-in, compared with the mailbox', async () => {
    const missed = [eightBitHeaders(), withAttachment(), withoutMessageId(), withoutMessageId(), withoutAnything()];
    await deliver(missed);
    const { credential_version: before } = await channel();
    const link = await mooring.call<{ url: string }>('POST', `/v1/channels/${channelId}/reauthorize-links`, {});
    expect(await signIn(link.url, FIRST)).toMatchObject({ body: { code: 'authentication_failed' } });
    expect(await channel()).toMatchObject({ status: 'reauth_required', credential_version: before });
    expect(await signIn(link.url, SECOND)).toMatchObject({ status: 200 });

    await expectInFeed([...ordinary, ...missed]);
    await vi.waitFor(
      async () => {
        const { data } = await mooring.call<{ data: Receipt[] }>('GET', `/v1/channels/${channelId}/imports`);
        const receipt = data.find(({ cause }) => cause === 'reauthorized');
        expect(receipt).toMatchObject({ state: 'completed', imported: missed.length, missing: 0, compared: true });
        expect(receipt?.found).toBe(missed.length + (receipt?.already_had ?? 0));
      },
      { timeout: 60_000, interval: 200 },
    );
    await vi.waitFor(
      async () => expect(await channel()).toMatchObject({ status: 'connected', status_reason: null }),
      30_000,
    );
  });

  it('has left no password in a log', () => {
    for (const password of [FIRST, SECOND, WRONG]) expect(mooring.logs()).not.toContain(password);
  });
});

/** Bytes as they are, for a readable difference: one character each. */
const toText = (raw: Buffer) => raw.toString('latin1');
const unique = () => randomBytes(9).toString('hex');

function message(lines: readonly string[]): Buffer {
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

/** Raw ISO 8859-1 in the headers, as old programs send; UTF-8 would be RFC 6532. */
function eightBitHeaders(): Buffer {
  return message([
    'From: J\xfcrgen Gr\xf6\xdfe <juergen@sender.example>',
    `To: <${EMAIL}>`,
    'Subject: Angebot \xfcber 12 St\xfchle',
    'Date: Tue, 05 May 2026 09:00:00 +0000',
    `Message-ID: <${unique()}@sender.example>`,
    'Content-Type: text/plain; charset=iso-8859-1',
    'Content-Transfer-Encoding: 8bit',
    '',
    'Sch\xf6ne Gr\xfc\xdfe.',
    '',
  ]);
}

/** Larger than a part of 256 KiB, and than what is fetched in one piece. */
function withAttachment(): Buffer {
  const attachment =
    randomBytes(600_000)
      .toString('base64')
      .match(/.{1,76}/g) ?? [];
  return message([
    'From: Maya <maya@sender.example>',
    `To: <${EMAIL}>`,
    'Subject: The drawings',
    `Message-ID: <${unique()}@sender.example>`,
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="=_edge"',
    '',
    '--=_edge',
    'Content-Type: text/plain',
    '',
    'Attached.',
    '--=_edge',
    'Content-Type: application/pdf; name="drawings.pdf"',
    'Content-Disposition: attachment; filename="drawings.pdf"',
    'Content-Transfer-Encoding: base64',
    '',
    ...attachment,
    '--=_edge--',
    '',
  ]);
}

/** Two of the same kind differ in their content alone. */
function withoutMessageId(): Buffer {
  return message(['From: scanner@sender.example', 'Subject: Scan', '', `Page ${unique()}`, '']);
}

/** No headers at all but one, no newline at the end. */
function withoutAnything(): Buffer {
  return message(['Subject:', '', `just words ${unique()}`]);
}
