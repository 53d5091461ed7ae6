import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { eq } from 'drizzle-orm';
import { ImapFlow } from 'imapflow';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { messageLocations, messages } from '../../db/schema/messages.ts';
import { channelOf, connectImap } from '../support/connect.ts';
import { raiseEngine, until } from '../support/engine.ts';
import type { Engine } from '../support/engine.ts';
import { keepOutput } from '../support/kept-log.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import { lifeOf } from '../workflows/life.ts';

const EMAIL = 'zones@example.com';
const PASSWORD = secret('password');

/** Dates as mail has them, and what they are; the first hour of a Sunday does not exist in New York. */
const DATES = {
  'Tue, 3 Mar 2026 10:00:00': '2026-03-03T10:00:00.000Z',
  '3 Mar 2026 10:00': '2026-03-03T10:00:00.000Z',
  '2026-03-03T10:00:00': '2026-03-03T10:00:00.000Z',
  'Tue, 3 Mar 2026 10:00:00 (Berlin': '2026-03-03T10:00:00.000Z',
  'Sun, 8 Mar 2026 02:30:00': '2026-03-08T02:30:00.000Z',
  'Tue Mar 03 10:00:00 2026': '2026-03-03T10:00:00.000Z',
  'Tue, 3 Mar 2026 10:00:00 +0100': '2026-03-03T09:00:00.000Z',
  'Tue, 3 Mar 2026 10:00:00 -0000': '2026-03-03T10:00:00.000Z',
  'Tue, 3 Mar 2026 10:00:00 EST': '2026-03-03T15:00:00.000Z',
  '2026-03-03': '2026-03-03T00:00:00.000Z',
};
const ZONES = ['America/New_York', 'Asia/Kolkata', 'UTC'];

let engine: Engine;
let worker: ChildProcess | null = null;
beforeAll(async () => {
  engine = await raiseEngine(await raiseStage(), { timeSkipping: false });
  await engine.stopWorkers();
}, 180_000);
afterAll(async () => {
  await endWorker();
  await engine?.close();
}, 60_000);

function startWorker(zone: string): void {
  const env = {
    PATH: process.env['PATH'] ?? '',
    ...engine.environment,
    TEMPORAL_ADDRESS: engine.server.address,
    TEMPORAL_NAMESPACE: engine.client.options.namespace ?? 'default',
    TZ: zone,
  };
  const file = new URL('../../worker.ts', import.meta.url).pathname;
  worker = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  keepOutput(worker);
}

async function endWorker(): Promise<void> {
  if (worker?.exitCode === null) {
    worker.kill('SIGTERM');
    await once(worker, 'close');
  }
  worker = null;
}

async function append(): Promise<void> {
  const { host, port, ca_file: caFile } = engine.imap;
  const client = new ImapFlow({
    host,
    port,
    secure: false,
    doSTARTTLS: true,
    auth: { user: EMAIL, pass: PASSWORD },
    tls: { ca: readFileSync(caFile) },
    logger: false,
  });
  await client.connect();
  for (const [index, date] of Object.keys(DATES).entries()) {
    const head = [
      `Message-ID: <${index}@zones.example>`,
      'From: a@zones.example',
      `Subject: ${index}`,
      `Date: ${date}`,
    ];
    await client.append('INBOX', [...head, '', 'Hello', ''].join('\r\n'));
  }
  await client.logout();
}

test(
  'rule 10: a worker in another time zone knows every message again under its new ids',
  { timeout: 180_000 },
  async () => {
    await engine.sandbox.account('imap', EMAIL, { password: PASSWORD });
    const channelId = channelOf(await connectImap(engine, EMAIL, PASSWORD));
    const life = lifeOf(engine, channelId);
    const places = () =>
      life.inTenant((tx) => tx.select().from(messageLocations).where(eq(messageLocations.channelId, channelId)));
    const count = Object.keys(DATES).length;
    await append();
    startWorker('America/New_York');
    await life.askForPoll();
    await until('the mail', async () => (await life.stored()) === count, 60_000);
    await endWorker();

    await engine.sandbox.fault('imap', EMAIL, 'uidvalidity_changed');
    startWorker('Asia/Kolkata');
    await life.askForPoll();
    await until('the new places', async () => (await places()).length >= 2 * count, 60_000);
    await until('the end of the import', async () => (await life.read()).importState === 'idle', 60_000);
    const stored = await life.inTenant((tx) => tx.select().from(messages).where(eq(messages.channelId, channelId)));
    const dates = stored.map(({ subject, date }) => [Object.keys(DATES)[Number(subject)], date?.toISOString()]);
    expect(dates).toHaveLength(count);
    expect(Object.fromEntries(dates)).toEqual(DATES);
    expect(await places()).toHaveLength(2 * count);
  },
);

test('a date is the same in every time zone', () => {
  const program = `
    import { readDateField } from '${new URL('../../imports/fetching/date-field.ts', import.meta.url).pathname}';
    const dates = ${JSON.stringify(Object.keys(DATES))};
    console.log(JSON.stringify(Object.fromEntries(dates.map((date) => [date, readDateField(date)]))));`;
  for (const TZ of ZONES) {
    const env = { PATH: process.env['PATH'], TZ };
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8', env });
    expect(JSON.parse(stdout), TZ).toEqual(DATES);
  }
});
