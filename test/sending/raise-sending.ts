import { join } from 'node:path';
import postgres from 'postgres';
import { findChannel } from '../../db/channels/channels.ts';
import type { SendRow } from '../../db/sending/sends.ts';
import { acceptSend } from '../../sending/accept.ts';
import { startApi } from '../support/api.ts';
import { channelOf, connectGmail, connectImap, connectMicrosoft } from '../support/connect.ts';
import { raiseEngine } from '../support/engine.ts';
import { personal, secret } from '../support/minting.ts';
import type { SandboxMessage } from '../support/sandbox-control.ts';
import { raiseStage } from '../support/stage.ts';
import { startSubmissionServer } from './submission-server.ts';

export const PASSWORD = secret('password');
export const TENANT = 'acme';
/** Nothing but the sends reaches the provider, so that a fault meets them. */
export const SENDS_ALONE = { uses: ['read', 'send'] as ('read' | 'send')[], import: 'off' as const };

let minted = 0;
export const newKey = () => `key-${minted++}`;

export function mail({ from, to = 'Ben <ben@example.com>', more = '' }: { from: string; to?: string; more?: string }) {
  const messageId = `<${personal('message')}@example.com>`;
  const raw = `From: ${from}\r\nTo: ${to}\r\nSubject: ${personal('subject')}\r\n${more}Message-ID: ${messageId}\r\n\r\nHello.\r\n`;
  return { messageId, raw };
}

/** An engine whose channels send, and a mail server beside the sandbox. */
export async function raiseSending() {
  const engine = await raiseEngine(await raiseStage(), { timeSkipping: false, watching: false });
  const api = await startApi(engine.context);
  const sql = postgres(engine.databaseUrl, { max: 2 });
  const smtp = await startSubmissionServer(join(engine.dir, 'sandbox'), PASSWORD);
  await engine.sandbox.account('google', 'ben@example.com');

  const channels = {
    async google(email: string, spec: Partial<typeof SENDS_ALONE> = {}, tenantId = TENANT) {
      await engine.sandbox.account('google', email);
      return channelOf(await connectGmail(engine, email, { tenantId, spec: { ...SENDS_ALONE, ...spec } }));
    },
    async microsoft(email: string) {
      await engine.sandbox.account('microsoft', email);
      return channelOf(await connectMicrosoft(engine, email, { spec: SENDS_ALONE }));
    },
    async imap(email: string, { address } = smtp) {
      await engine.sandbox.account('imap', email, { password: PASSWORD });
      return channelOf(await connectImap(engine, email, PASSWORD, { spec: SENDS_ALONE, smtp: address }));
    },
  };
  return {
    engine,
    api,
    sql,
    smtp,
    channels,
    send: (channelId: string, key: string | null, raw: string, type = 'message/rfc822') =>
      api.request('POST', `/v1/channels/${channelId}/send`, {
        body: raw,
        headers: {
          authorization: `Bearer ${api.call.key}`,
          'content-type': type,
          ...(key === null ? {} : { 'idempotency-key': key }),
        },
      }),
    placesOf: async (provider: string, email: string, messageId: string) => {
      const path = `/control/accounts/${provider}/${email}/messages`;
      const { messages } = await engine.sandbox.call<{ messages: SandboxMessage[] }>('GET', path);
      return messages.filter((message) => message.message_id === messageId).map(({ folder }) => folder);
    },
    contentsOf: async (channelId: string) => {
      const [row] = await sql<
        { count: number }[]
      >`select count(*)::int from message_parts where channel_id = ${channelId}`;
      return row?.count;
    },
    /** Stores a message as the API does, and transmits nothing. */
    accept: async (channelId: string, raw: string, tenantId = TENANT): Promise<SendRow> => {
      const channel = await engine.context.database.inTenant(tenantId, (tx) => findChannel(tx, channelId));
      async function* bytes() {
        yield Buffer.from(raw);
      }
      const given = { channel: channel!, keyHash: newKey(), raw: bytes() };
      const accepted = await acceptSend(engine.context, given, null);
      if (accepted.outcome !== 'started') throw new Error(accepted.outcome);
      return accepted.send;
    },
    async close() {
      await smtp.close();
      await sql.end();
      await api.close();
      await engine.close();
    },
  };
}
export type Sending = Awaited<ReturnType<typeof raiseSending>>;
