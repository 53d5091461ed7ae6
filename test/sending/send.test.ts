import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answerOf } from '../../api/routes/sending/send-answer.ts';
import { findUnusedContent } from '../../db/across-tenants/retention.ts';
import { findSend } from '../../db/sending/sends.ts';
import type { SendRow } from '../../db/sending/sends.ts';
import type { KillPoint } from '../../domain/kill-points.ts';
import { Secret } from '../../domain/secret.ts';
import { createEgressGuard } from '../../net/egress.ts';
import type { SessionAccess } from '../../providers/contract.ts';
import { createSmtpSending } from '../../providers/imap/smtp/send.ts';
import { giveUpSend, transmitSend } from '../../sending/transmit.ts';
import { mortal } from '../credentials/mortal.ts';
import { channelOf, connectGmail, connectOAuth } from '../support/connect.ts';
import { until } from '../support/engine.ts';
import { personal, secret } from '../support/minting.ts';
import { endingWorkers } from './ending-workers.ts';
import { keptSends } from './kept-sends.ts';
import { mail, newKey, PASSWORD, raiseSending, SENDS_ALONE, TENANT } from './raise-sending.ts';
import type { Sending } from './raise-sending.ts';
import { startSubmissionServer } from './submission-server.ts';

let stage: Sending;
let { engine, api, sql, smtp, channels, send, placesOf, contentsOf, accept } = {} as Sending;
beforeAll(async () => {
  stage = await raiseSending();
  ({ engine, api, sql, smtp, channels, send, placesOf, contentsOf, accept } = stage);
}, 240_000);
afterAll(() => stage?.close());

const cutGoogle = (email: string, after: 'request' | 'processing') =>
  engine.sandbox.fault('google', email, 'cut_connection', { times: 1, kind: 'api', after });

describe('a message leaves once per key', () => {
  test('by Gmail: into Sent and to its recipients, without Bcc; a repetition gets the first answer', async () => {
    const channelId = await channels.google('ana@example.com');
    await engine.sandbox.account('microsoft', 'cleo@example.com');
    const { messageId, raw } = mail({ from: 'ana@example.com', more: 'Bcc: cleo@example.com\r\n' });
    const key = newKey();
    const both = await Promise.all([send(channelId, key, raw), send(channelId, key, raw)]);
    for (const { status, json } of both) {
      expect([status, json.message_id, json.refused_recipients]).toEqual([202, messageId, []]);
    }
    expect(both[0].json).toEqual(both[1].json);
    expect((await send(channelId, key, raw)).json).toEqual(both[0].json);
    expect(await placesOf('google', 'ana@example.com', messageId)).toEqual(['SENT']);
    expect(await placesOf('google', 'ben@example.com', messageId)).toEqual(['INBOX']);
    expect(await placesOf('microsoft', 'cleo@example.com', messageId)).toEqual(['INBOX']);
    expect(await contentsOf(channelId)).toBe(0);
    const other = await send(channelId, key, mail({ from: 'ana@example.com' }).raw);
    expect([other.status, other.json.code]).toEqual([409, 'idempotency_key_reused']);
  });

  test('the import of Sent brings it once, as any message', async () => {
    await engine.sandbox.account('google', 'iris@example.com');
    const spec = { uses: SENDS_ALONE.uses, import: 'gap' as const };
    const channelId = channelOf(await connectGmail(engine, 'iris@example.com', { spec }));
    const { messageId, raw } = mail({ from: 'iris@example.com' });
    expect((await send(channelId, newKey(), raw)).status).toBe(202);
    for (let time = 1; time <= 2; time++) {
      const from = new Date(Date.now() - 3_600_000).toISOString();
      const { json } = await api.call('POST', `/v1/channels/${channelId}/imports`, { from });
      await until('the import', async () => {
        return (await api.call('GET', `/v1/imports/${json.id}`)).json.state === 'completed';
      });
    }
    const { json } = await api.call('GET', `/v1/messages?channel=${channelId}`);
    expect(json.data.map(({ message_id }: { message_id: string }) => message_id)).toEqual([messageId]);
  }, 60_000);

  test('by Graph: as MIME, without a Message-ID too; a foreign sender is refused and named, a large message not taken', async () => {
    const channelId = await channels.microsoft('dora@example.com');
    const raw = `From: dora@example.com\nTo: ben@example.com\nSubject: ${personal('subject')}\n\nHello.\n`;
    const { status, json } = await send(channelId, newKey(), raw);
    expect([status, json.message_id]).toEqual([202, expect.stringMatching(/^<.+@example\.com>$/)]);
    expect(await placesOf('microsoft', 'dora@example.com', json.message_id)).toEqual(['Sent Items']);
    expect(await placesOf('google', 'ben@example.com', json.message_id)).toEqual(['INBOX']);
    const foreign = await send(channelId, newKey(), mail({ from: 'ceo@example.com' }).raw);
    expect([foreign.status, foreign.json.code, foreign.json.provider_code]).toEqual([
      422,
      'send_refused',
      'ErrorSendAsDenied',
    ]);
    const large = await send(channelId, newKey(), `${raw}${'x'.repeat(3 * 1024 * 1024)}`);
    expect([large.status, large.json.code]).toEqual([413, 'too_large']);
  });

  test('by SMTP with a password: partly refused recipients are named, and all of them are a refusal', async () => {
    const channelId = await channels.imap('emil@example.com');
    const partly = mail({
      from: 'emil@example.com',
      to: 'ben@example.com, refused@example.com',
      more: 'BCC: cleo@example.com\r\nBcc\r\n : cleo@example.com\r\n',
    });
    const sent = await send(channelId, newKey(), partly.raw);
    expect([sent.status, sent.json.refused_recipients]).toEqual([202, ['refused@example.com']]);
    const [taken] = smtp.mails.filter(({ raw }) => raw.includes(partly.messageId));
    expect(taken).toMatchObject({ from: 'emil@example.com', to: ['ben@example.com', 'cleo@example.com'] });
    expect(taken?.raw).not.toMatch(/^bcc/im);
    expect(taken?.raw).toContain('\r\n\r\nHello.\r\n');
    const refused = await send(channelId, newKey(), mail({ from: 'emil@example.com', to: 'refused@example.com' }).raw);
    expect([refused.status, refused.json.code]).toEqual([422, 'send_refused']);
    expect(refused.json.errors).toEqual([{ in: 'body', path: 'To', message: 'refused@example.com was refused' }]);
  });

  test.each([
    ['google', 'SENT'],
    ['microsoft', 'Sent Items'],
  ] as const)('by SMTP with a token of %s', async (provider, sentFolder) => {
    const email = 'tom@example.com';
    await engine.sandbox.account(provider, email);
    const way = { accessType: 'imap', provider } as const;
    const channelId = channelOf(await connectOAuth(engine, way, email, { spec: SENDS_ALONE }));
    const { messageId, raw } = mail({ from: email });
    const { status, json } = await send(channelId, newKey(), raw);
    expect([status, json.message_id]).toEqual([202, messageId]);
    expect(await placesOf(provider, email, messageId)).toEqual([sentFolder]);
    expect(await placesOf('google', 'ben@example.com', messageId)).toEqual(['INBOX']);
    // A token that is refused is renewed: no person has to do anything.
    const binding = { tenant: TENANT, owner: channelId, version: 1, kind: 'access_token' } as const;
    const stale = await engine.context.vault.encryptSecret(new Secret(secret('token')), binding);
    await sql`update credentials set access_token_jwe = ${stale} where channel_id = ${channelId}`;
    const next = mail({ from: email });
    const key = newKey();
    const refused = await send(channelId, key, next.raw);
    expect([refused.status, refused.json.code, refused.json.action]).toEqual([503, 'provider_unavailable', 'none']);
    await until('the fresh token', async () => (await send(channelId, key, next.raw)).status === 202);
    expect(await placesOf(provider, email, next.messageId)).toEqual([sentFolder]);
  });
});

describe('what is not sent says why', () => {
  test('a request that is not one, and a channel that only reads', async () => {
    const channelId = await channels.google('fay@example.com');
    const { raw } = mail({ from: 'fay@example.com' });
    expect((await send(channelId, null, raw)).json.code).toBe('idempotency_key_missing');
    expect((await send(channelId, newKey(), '{}', 'application/json')).json.code).toBe('unsupported_media_type');
    const lacking = await send(channelId, newKey(), 'Subject: x\r\n\r\nHello.\r\n');
    expect(lacking.json.errors.map(({ path }: { path: string }) => path)).toEqual(['From', 'To']);
    for (const [bad, path] of [
      [raw.replace('To:', 'Bcc: cleo@example.com\r\r\nTo:'), ''],
      [` Bcc: cleo@example.com\r\n${raw}`, ''],
      [raw.replace('To:', 'Sender: <>\r\nTo:'), 'Sender'],
    ] as const) {
      const { status, json } = await send(channelId, newKey(), bad);
      expect([status, json.errors[0].path]).toEqual([400, path]);
    }
    const reading = await channels.google('gus@example.com', { uses: ['read'] });
    const { status, json } = await send(reading, newKey(), raw);
    expect([status, json.code, json.action]).toEqual([409, 'send_not_granted', 'reauthorize']);
  });

  test('a limit, an outage, a removed scope: nothing left, the channel stays as it is, and the same key tries again', async () => {
    const channelId = await channels.google('hal@example.com');
    const { messageId, raw } = mail({ from: 'hal@example.com' });
    const key = newKey();
    await engine.sandbox.fault('google', 'hal@example.com', 'rate_limited', {
      times: 1,
      kind: 'api',
      retry_after_s: 7,
    });
    const limited = await send(channelId, key, raw);
    expect([limited.status, limited.json.code, limited.json.retryable]).toEqual([429, 'rate_limited', true]);
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
    await engine.sandbox.fault('google', 'hal@example.com', 'unavailable', { times: 1, kind: 'api', http_status: 503 });
    const down = await send(channelId, key, raw);
    expect([down.status, down.json.code, down.json.retryable]).toEqual([503, 'provider_unavailable', true]);
    expect((await send(channelId, key, raw)).status).toBe(202);
    expect(await placesOf('google', 'hal@example.com', messageId)).toEqual(['SENT']);
    await engine.sandbox.fault('google', 'hal@example.com', 'scope_removed', { scope: 'gmail.send' });
    const removed = await send(channelId, newKey(), mail({ from: 'hal@example.com' }).raw);
    expect([removed.status, removed.json.code, removed.json.action]).toEqual([409, 'send_not_granted', 'reauthorize']);
    expect((await api.call('GET', `/v1/channels/${channelId}`)).json.status).toBe('connected');
  });

  test('a mail server that defers, and one that is away', async () => {
    const channelId = await channels.imap('ida@example.com');
    const { messageId, raw } = mail({ from: 'ida@example.com' });
    const key = newKey();
    smtp.state.limited = true;
    const limited = await send(channelId, key, raw);
    smtp.state.limited = false;
    expect([limited.status, limited.json.code, limited.json.provider_code]).toEqual([429, 'rate_limited', '4.7.1']);
    expect((await send(channelId, key, raw)).status).toBe(202);
    expect(smtp.mails.filter((taken) => taken.raw.includes(messageId))).toHaveLength(1);
    const gone = await startSubmissionServer(join(engine.dir, 'sandbox'), PASSWORD);
    const lonely = await channels.imap('olga@example.com', gone);
    await gone.close();
    const away = await send(lonely, newKey(), mail({ from: 'olga@example.com' }).raw);
    expect([away.status, away.json.code, away.json.retryable]).toEqual([503, 'provider_unavailable', true]);
  });

  test('a channel that needs a person says so, and repeats what it has sent', async () => {
    const channelId = await channels.google('jan@example.com');
    const { raw } = mail({ from: 'jan@example.com' });
    const key = newKey();
    const first = await send(channelId, key, raw);
    await sql`update channels set status = 'reauth_required', status_reason = 'access_revoked', action = 'reauthorize' where id = ${channelId}`;
    const second = await send(channelId, newKey(), mail({ from: 'jan@example.com' }).raw);
    expect([second.status, second.json.code, second.json.action]).toEqual([409, 'reauth_required', 'reauthorize']);
    expect((await send(channelId, key, raw)).json).toEqual(first.json);
  });
});

describe('a lost answer', () => {
  test('R-32: is settled by looking where the provider has the message, and stays unknown where nothing tells', async () => {
    const channelId = await channels.google('kim@example.com');
    const taken = mail({ from: 'kim@example.com' });
    await cutGoogle('kim@example.com', 'processing');
    expect((await send(channelId, newKey(), taken.raw)).json.message_id).toBe(taken.messageId);
    expect(await placesOf('google', 'kim@example.com', taken.messageId)).toEqual(['SENT']);
    const lost = mail({ from: 'kim@example.com' });
    const key = newKey();
    await cutGoogle('kim@example.com', 'request');
    for (let time = 1; time <= 2; time++) {
      const { status, json } = await send(channelId, key, lost.raw);
      expect([status, json.code, json.retryable]).toEqual([409, 'send_outcome_unknown', false]);
    }
    expect(await placesOf('google', 'kim@example.com', lost.messageId)).toEqual([]);
    const smtpChannel = await channels.imap('lea@example.com');
    const handedIn = mail({ from: 'lea@example.com' });
    smtp.state.cut = 'after_content';
    const unknown = await send(smtpChannel, key, handedIn.raw);
    smtp.state.cut = null;
    expect(unknown.json.code).toBe('send_outcome_unknown');
    expect((await send(smtpChannel, key, handedIn.raw)).json.code).toBe('send_outcome_unknown');
    expect(smtp.mails.filter((mine) => mine.raw.includes(handedIn.messageId))).toHaveLength(1);
  }, 60_000);

  test('R-32: a connection that ends before the content has sent nothing, and the same key sends', async () => {
    const channelId = await channels.imap('uwe@example.com');
    const { messageId, raw } = mail({ from: 'uwe@example.com' });
    const key = newKey();
    smtp.state.cut = 'at_recipient';
    const cut = await send(channelId, key, raw);
    smtp.state.cut = null;
    expect([cut.status, cut.json.code, cut.json.retryable]).toEqual([503, 'provider_unavailable', true]);
    expect(smtp.mails.filter((taken) => taken.raw.includes(messageId))).toEqual([]);
    expect((await send(channelId, key, raw)).status).toBe(202);
    expect(smtp.mails.filter((taken) => taken.raw.includes(messageId))).toHaveLength(1);
  });

  test('R-32: a server has long for its answer to the content, and not for one before it; the API says so meanwhile', async () => {
    const idleMs = 3_000;
    const sending = createSmtpSending(() => ({
      server: smtp.address,
      username: 'vera@example.com',
      credential: { kind: 'password', password: new Secret(PASSWORD) },
      egress: createEgressGuard({ allow: [`127.0.0.1:${smtp.address.port}`] }),
      certificateAuthorities: readFileSync(engine.environment['MOORING_CA_FILE']!, 'utf8'),
      idleMs,
    }));
    const { messageId, raw } = mail({ from: 'vera@example.com' });
    const content = { size: raw.length, raw: () => Readable.from([Buffer.from(raw)]) };
    const message = { messageId, from: 'vera@example.com', recipients: ['ben@example.com'], bcc: [], ...content };
    const access = {} as SessionAccess;
    const marked: string[] = [];
    const attempt = (name: string) =>
      sending.send(access, message, {
        signal: AbortSignal.timeout(60_000),
        beforeTransmission: async () => void marked.push(name),
      });
    smtp.state.silent = true;
    await expect(attempt('silent')).rejects.toMatchObject({ verdict: { kind: 'transient', providerCode: 'timeout' } });
    smtp.state.silent = false;
    expect(marked).toEqual([]);
    const channelId = await channels.imap('vera@example.com');
    smtp.state.answering = new Promise((resolve) => setTimeout(resolve, idleMs * 1.4));
    const slow = attempt('slow');
    const { id: sendId, attempt: nth } = await accept(channelId, mail({ from: 'vera@example.com' }).raw);
    const own = transmitSend(
      engine.context,
      { tenantId: TENANT, channelId, sendId, attempt: nth },
      AbortSignal.timeout(60_000),
    );
    const row = () => engine.context.database.inTenant(TENANT, (tx) => findSend(tx, sendId));
    const waiting = await until('the content', async () => {
      const now = await row();
      return now?.transmittedAt && now.state === 'started' ? now : null;
    });
    expect(() => answerOf(waiting)).toThrow(/has left, and the provider has not answered yet/);
    expect(await slow).toEqual({ outcome: 'accepted', refusedRecipients: [] });
    await own;
    expect((await row())?.state).toBe('accepted');
    expect(marked).toEqual(['slow']);
    smtp.state.answering = Promise.resolve();
  }, 60_000);

  test.each<[KillPoint, 'google' | 'microsoft' | 'imap', SendRow['state'], number]>([
    ['send.marked', 'google', 'unknown', 0],
    ['send.taken', 'google', 'accepted', 1],
    ['send.taken', 'microsoft', 'accepted', 1],
    ['send.marked', 'imap', 'unknown', 0],
    ['send.taken', 'imap', 'unknown', 1],
  ])(
    'KILL, R-32: a worker that dies at %s of %s sends nothing again: %s',
    async (point, provider, state, sent) => {
      const email = `${point.replace('.', '-')}@example.com`;
      const channelId = await channels[provider](email);
      const { messageId, raw } = mail({ from: email });
      const { id: sendId, attempt } = await accept(channelId, raw);
      const input = { tenantId: TENANT, channelId, sendId, attempt };
      const { context, died } = mortal(engine.context, point);
      await Promise.race([died, transmitSend(context, input, AbortSignal.timeout(10_000)).catch(() => {})]);
      expect(await died).toBe('died');
      await transmitSend(engine.context, input, AbortSignal.timeout(20_000));
      const row = await engine.context.database.inTenant(TENANT, (tx) => findSend(tx, sendId));
      expect([row?.state, row?.contentId]).toEqual([state, null]);
      const found =
        provider === 'imap'
          ? smtp.mails.filter((taken) => taken.raw.includes(messageId))
          : await placesOf(provider, email, messageId);
      expect(found).toHaveLength(sent);
    },
    60_000,
  );

  test('R-32: an execution that sent nothing leaves the row to the one that marked it', async () => {
    const channelId = await channels.imap('nia@example.com');
    const { id: sendId, attempt, contentId } = await accept(channelId, mail({ from: 'nia@example.com' }).raw);
    const input = { tenantId: TENANT, channelId, sendId, attempt };
    // The sweep of unused content leaves a message that has not left yet.
    const { unused } = await findUnusedContent(engine.context.database, '', 10_000);
    expect(unused.map((one) => one.contentId)).not.toContain(contentId);
    smtp.state.atLogin = () => sql`update sends set transmitted_at = now() where id = ${sendId}`;
    await transmitSend(engine.context, input, AbortSignal.timeout(10_000));
    const state = () => engine.context.database.inTenant(TENANT, async (tx) => (await findSend(tx, sendId))?.state);
    expect([smtp.state.atLogin, await state()]).toEqual([null, 'started']);
    await giveUpSend(engine.context, input);
    expect(await state()).toBe('unknown');
    const lost = await accept(channelId, mail({ from: 'nia@example.com' }).raw);
    await sql`delete from message_parts where content_id = ${lost.contentId}`;
    const one = { ...input, sendId: lost.id };
    await transmitSend(engine.context, one, AbortSignal.timeout(10_000));
    const row = await engine.context.database.inTenant(TENANT, (tx) => findSend(tx, lost.id));
    expect([row?.state, row?.outcome?.code]).toEqual(['not_sent', 'provider_unavailable']);
  });

  describe('of a worker that ends', () => endingWorkers(() => stage));
});

describe('what is kept of a send', () => keptSends(() => stage));
