import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { ImapFlow } from 'imapflow';
import connect from 'postgres';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { connectOverApi, PASSWORD, reauthorizeOverApi } from '../support/api-sign-in.ts';
import { personal } from '../support/minting.ts';
import { START_TIMEOUT_MS, startMooring } from '../support/mooring.ts';
import type { Mooring } from '../support/mooring.ts';

/* Mail that the database refuses, in a whole Mooring: its errors would quote the row. */

const WORDS = {
  subject: personal('subject'),
  sender: personal('sender'),
  recipient: personal('recipient'),
  account: personal('account'),
};
const EMAIL = `${WORDS.account}@example.com`;
const MASKED = `${WORDS.account[0]}…${WORDS.account.at(-1)}@example.com`;
const RAW = [
  'Message-ID: <refused@mail.example>',
  `From: "${WORDS.sender}" <${WORDS.sender}@mail.example>`,
  `To: <${WORDS.recipient}@mail.example>`,
  `Subject: ${WORDS.subject}`,
  'Date: Mon, 2 Mar 2026 10:00:00 +0000',
  '',
  'Hello',
  '',
].join('\r\n');

/** PostgreSQL adds the row to the first as its detail; the second is what a function may say. */
const REFUSALS = {
  constraint: `alter table messages add constraint refuses_mail check (message_id <> '<refused@mail.example>')`,
  trigger: `
    create function refuse_mail() returns trigger language plpgsql as $$ begin
      raise exception 'refused % from % for % of ${EMAIL}', new.subject, new.sender, new.recipients
        using detail = new.subject, hint = new.subject, errcode = 'P0001';
    end $$;
    create trigger refuses_mail before insert on messages for each row execute function refuse_mail()`,
};

const LOGS = ['worker', 'server', 'listener', 'temporal', 'postgres'];

let mooring: Mooring;
let sql: ReturnType<typeof connect>;
let channel: string;
beforeAll(async () => {
  mooring = await startMooring();
  sql = connect(mooring.run.database_url, { max: 1, onnotice: () => {} });
  await mooring.sandbox.account('imap', EMAIL, { password: PASSWORD });
  await sql.unsafe(REFUSALS.trigger);
  channel = await connectOverApi(mooring, { accessType: 'imap', email: EMAIL });
}, START_TIMEOUT_MS);
afterAll(async () => {
  await sql?.end();
  await mooring?.stop();
}, 120_000);

const logOf = (name: string) => readFileSync(join(mooring.dir, 'logs', `${name}.log`), 'utf8');
const soon = (look: () => unknown) => vi.waitUntil(look, { timeout: 90_000, interval: 200 });
const logged = (text: string) => soon(() => logOf('worker').includes(text));
const stored = async () =>
  (await mooring.call<{ data: unknown[] }>('GET', `/v1/messages?channel=${channel}`)).data.length;
const show = () => mooring.call<{ status: string }>('GET', `/v1/channels/${channel}`);

async function append(): Promise<void> {
  const imap = mooring.run.sandbox?.imap;
  const client = new ImapFlow({
    host: imap?.host ?? '',
    port: imap?.port ?? 0,
    secure: imap?.security === 'tls',
    auth: { user: EMAIL, pass: PASSWORD },
    tls: { ca: readFileSync(imap?.ca_file ?? '') },
    logger: false,
  });
  await client.connect();
  await client.append('INBOX', RAW);
  await client.logout();
}

/** All that Temporal tells: histories with their summaries, memo, search attributes and current details. */
async function everythingInTemporal(): Promise<string> {
  const connection = await Connection.connect({ address: mooring.run.temporal });
  const client = new Client({ connection });
  const parts: string[] = [];
  for await (const listed of client.workflow.list()) {
    const handle = client.workflow.getHandle(listed.workflowId, listed.runId);
    const details = await handle.query('__temporal_workflow_metadata').catch(() => null);
    parts.push(inspect([listed, await handle.describe(), details], { depth: 20 }));
    const { events } = await handle.fetchHistory();
    parts.push(textsOf(events).join('\n'));
  }
  await connection.close();
  return parts.join('\n');
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (value instanceof Uint8Array) return [Buffer.from(value).toString()];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

test(
  'S-61: mail that the database refuses is in no log and no history, nor is the account',
  { timeout: 240_000 },
  async () => {
    await append();
    await logged('P0001');
    await sql.unsafe(`drop trigger refuses_mail on messages; ${REFUSALS.constraint}`);
    await logged('refuses_mail');
    await sql`alter table messages drop constraint refuses_mail`;
    await soon(async () => (await stored()) === 1);
    const verified = await mooring.call<{ verification: unknown }>('POST', `/v1/channels/${channel}/verify`);
    await mooring.sandbox.fault('imap', EMAIL, 'password_changed');
    await mooring.call('POST', `/v1/channels/${channel}/report-failure`, { http_status: 401 });
    await soon(async () => (await show()).status === 'reauth_required');
    await mooring.sandbox.account('imap', EMAIL, { password: PASSWORD });
    await reauthorizeOverApi(mooring, channel, { accessType: 'imap', email: EMAIL });
    await soon(async () => (await show()).status === 'connected');

    const told = {
      ...Object.fromEntries(LOGS.map((name) => [name, logOf(name)])),
      temporal_api: await everythingInTemporal(),
    };
    const given = Object.entries(told).flatMap(([where, text]) =>
      Object.entries(WORDS)
        .filter(([, word]) => text.includes(word))
        .map(([word]) => `${word} in ${where}`),
    );
    expect(given).toEqual([]);
    // What is there instead.
    expect(told.temporal_api).toContain(`import what ${MASKED} missed`);
    expect(told.temporal_api).toContain(`**${MASKED}** is`);
    expect(told.temporal_api).toMatch(/constraint "refuses_mail" \(23514, table messages/);
    expect(logOf('worker')).toMatch(/"type":"DatabaseError","message":"PostgreSQL refused a query \(P0001\)"/);
    expect(logOf('worker')).toMatch(/"taskQueue":"imap-import".*Activity failed/);
    expect(verified.verification).toMatchObject({ ok: true, proved: expect.stringContaining(EMAIL) });
  },
);
