import { afterAll, beforeAll, expect, test } from 'vitest';
import { startListener } from '../../push/watcher.ts';
import type { Listener } from '../../push/watcher.ts';
import { channelOf, connectImap } from '../support/connect.ts';
import { Dovecot, dovecotInstalled } from '../support/dovecot.ts';
import { raiseEngine, until } from '../support/engine.ts';
import type { Engine } from '../support/engine.ts';
import { shapedMail } from '../support/mail-shapes.ts';
import { secret } from '../support/minting.ts';
import { stageTrusting } from '../support/stage.ts';
import { databaseAs } from '../support/logins.ts';
import { lifeOf } from '../workflows/life.ts';

const EMAIL = 'one@dovecot.example';
const PASSWORD = secret('password');

/* mail_max_userip_connections = 1: a held connection shuts our own polls out. */
let dovecot: Dovecot | null = null;
let engine: Engine;
let listener: Listener | null = null;
beforeAll(async () => {
  if (!dovecotInstalled) return;
  dovecot = await Dovecot.start({ mostConnections: 1 });
  await dovecot.setPassword(EMAIL, PASSWORD);
  engine = await raiseEngine(await stageTrusting(dovecot), { timeSkipping: false, config: { pollIntervalMs: 1_000 } });
}, 180_000);
afterAll(async () => {
  await listener?.stop();
  await engine?.close();
  await dovecot?.stop();
});

test.skipIf(!dovecotInstalled)('a server that lets in one connection at a time is polled in peace', async () => {
  const life = lifeOf(engine, channelOf(await connectImap(engine, EMAIL, PASSWORD)));
  listener = startListener({ ...engine.context, database: databaseAs('listener', engine.context.database) }, 1);
  await until('the trouble of two', async () => (await life.read()).trouble === 'access', 40_000);
  await until('peace', async () => (await life.read()).status === 'connected', 60_000);
  dovecot?.fill(EMAIL, 'INBOX', shapedMail(3, new Date()));
  await until('the mail', async () => (await life.stored()) === 3, 40_000);
  expect(await life.told('channel.degraded')).toBe(1);
});
