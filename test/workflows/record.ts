import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { eq } from 'drizzle-orm';
import { turnOutbox } from '../../db/across-tenants/outbox.ts';
import { updateChannel } from '../../db/channels/channels.ts';
import { findRunningImport } from '../../db/imports/imports.ts';
import { findSignInImport } from '../../db/imports/receipts.ts';
import { credentials } from '../../db/schema/credentials.ts';
import { findSubscription } from '../../db/channels/subscriptions.ts';
import { channelWorkflowId, deliverWorkflowId, importWorkflowId } from '../../domain/workflow/names.ts';
import { channelOf, connectGmail, connectImap } from '../support/connect.ts';
import { chainOf, raiseEngine, until } from '../support/engine.ts';
import type { WorkflowHistory } from '../support/engine.ts';
import { raiseStage } from '../support/stage.ts';
import { PUSH_VARIABLES } from '../push/pushing.ts';
import { addEndpoint } from '../webhooks/stage.ts';
import { lifeOf } from './life.ts';
import { HISTORIES, SECRET, textsOf } from './recorded.ts';
import type { Recorded } from './recorded.ts';

/*
 * Records the histories that test/workflows/replay.test.ts replays: `node test/workflows/record.ts`, some three
 * minutes. Run it when a workflow has a new state or a new path, keep the old files next to the new ones while runs of
 * the old code may be alive, and look at what changed before committing.
 */

const POLL_MS = 1_500;
const stage = await raiseStage({ variables: PUSH_VARIABLES });
const engine = await raiseEngine(stage, { timeSkipping: false, config: { pollIntervalMs: POLL_MS } });
const { sandbox, client } = engine;

async function connected(name: string) {
  const email = `${name}@example.com`;
  const channelId = channelOf(await connectGmail(engine, email));
  const life = lifeOf(engine, channelId);
  await until('the first look', async () => (await life.read()).workflowSeq > 0);
  return { email, channelId, life, workflowId: channelWorkflowId(channelId) };
}

/** Nothing is under way: it waits for a time, or to be told. */
async function untilIdle(workflowId: string): Promise<void> {
  await until(`${workflowId} to wait`, async () => {
    const { raw, historyLength } = await client.workflow.getHandle(workflowId).describe();
    return historyLength > 5 && !raw.pendingWorkflowTask && !raw.pendingActivities?.length;
  });
}

async function save(name: string, workflowId: string): Promise<void> {
  const history = impersonal(plain(await client.workflow.getHandle(workflowId).fetchHistory())) as Recorded['history'];
  const secret = textsOf(history).find((candidate) => SECRET.test(candidate));
  if (secret) throw new Error(`${name} holds something that looks like a secret`);
  const recorded: Recorded = { workflowId, history };
  writeFileSync(join(HISTORIES, `${name}.json`), `${pretty(recorded)}\n`);
  console.log(`${name}: ${history.events.length} events`);
}

/** The SDK's way to canonical JSON needs one copy of protobufjs to be installed; the message's own way does not. */
function plain(history: WorkflowHistory): unknown {
  const type = history.constructor as unknown as { toObject(message: unknown, options: object): unknown };
  return type.toObject(history, { longs: Number, bytes: String });
}

/** One event a line: readable in a diff, and not ten thousand lines. */
function pretty({ workflowId, history }: Recorded): string {
  const lines = history.events.map((event) => `  ${JSON.stringify(event)}`);
  return `{"workflowId": ${JSON.stringify(workflowId)}, "history": {"events": [\n${lines.join(',\n')}\n]}}`;
}

/** Without the names of machines, processes and folders; a sticky queue is named after its process. */
function impersonal(value: unknown): unknown {
  const root = join(import.meta.dirname, '../..');
  const sticky = new RegExp(`\\d+@${hostname()}`, 'g');
  if (typeof value === 'string') {
    return value.replaceAll(`file://${root}/`, '').replaceAll(`${root}/`, '').replaceAll(sticky, 'worker');
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(impersonal);
  const told = Object.entries(value).filter(([key]) => key !== 'identity' && key !== 'workerVersion');
  return Object.fromEntries(told.map(([key, entry]) => [key, impersonal(entry)]));
}

/**
 * The sleeping channel, some runs into its chain, with a command carried out. `channel-connected` is the same of
 * before runs carried what they knew: it stays as it is.
 */
async function recordCarried(): Promise<void> {
  const { workflowId, life } = await connected('carried');
  await until('a later run', async () => (await chainOf(engine, workflowId)).length > 2, 60_000);
  await life.command('refreshNow');
  await untilIdle(workflowId);
  await save('channel-carried', workflowId);
}

async function recordDegraded(): Promise<void> {
  const { email, workflowId, life } = await connected('degraded');
  await sandbox.fault('google', email, 'unavailable');
  await life.command('verify');
  await until('several tries', async () => (await life.read()).failures > 2);
  await untilIdle(workflowId);
  await save('channel-degraded', workflowId);
}

async function recordReauthorization(): Promise<void> {
  const { email, channelId, workflowId, life } = await connected('reauthorized');
  await sandbox.fault('google', email, 'access_revoked');
  await life.command('refreshNow');
  await untilIdle(workflowId);
  await save('channel-reauth-required', workflowId);
  await sandbox.deliver('google', email, 400);
  const slow = await sandbox.fault('google', email, 'slow', { kind: 'api', ms: 250 });
  channelOf(await connectGmail(engine, email));
  const importId = await until('the import', async () =>
    life.inTenant(async (tx) => (await findRunningImport(tx, channelId))?.id),
  );
  await until('its workflow', async () => exists(importWorkflowId(importId)));
  await untilIdle(workflowId);
  await save('channel-importing', workflowId);
  await sandbox.mend(slow.id);
  await save('import-running', importWorkflowId(importId));
  await until(
    'its end',
    async () => (await life.inTenant((tx) => findSignInImport(tx, channelId)))?.row.state !== 'running',
    60_000,
  );
  await client.workflow.getHandle(importWorkflowId(importId)).result();
  await save('import-completed', importWorkflowId(importId));
}

/** An import whose person changed the password once more in the middle of it. */
async function recordWaitingImport(): Promise<void> {
  const { email, channelId, life } = await connected('waiting');
  await sandbox.fault('google', email, 'access_revoked');
  await life.command('refreshNow');
  await sandbox.deliver('google', email, 200);
  const slow = await sandbox.fault('google', email, 'slow', { kind: 'api', ms: 500 });
  await connectGmail(engine, email);
  const running = await until('the import', async () => life.inTenant((tx) => findRunningImport(tx, channelId)));
  await until('its workflow', async () => exists(importWorkflowId(running.id)));
  await sandbox.fault('google', email, 'access_revoked');
  await sandbox.mend(slow.id);
  await until('the sign-in that is needed', async () => (await life.read()).status === 'reauth_required', 60_000);
  await until('the wait', async () => {
    const events = (await client.workflow.getHandle(importWorkflowId(running.id)).fetchHistory()).events ?? [];
    return Boolean(events.at(-1)?.timerStartedEventAttributes);
  });
  await save('import-waiting', importWorkflowId(running.id));
}

/** It waits for its person, and tries the refused password by itself in ten minutes. */
async function recordRefusedPassword(): Promise<void> {
  const email = 'refused-password@imap.example.com';
  const password = randomBytes(12).toString('hex');
  await sandbox.account('imap', email, { password });
  const channelId = channelOf(await connectImap(engine, email, password));
  const life = lifeOf(engine, channelId);
  await until('the first look', async () => (await life.read()).workflowSeq > 0);
  await sandbox.account('imap', email, { password: randomBytes(12).toString('hex') });
  await life.askForPoll();
  await until('the refusal', async () => (await life.read()).status === 'reauth_required');
  await untilIdle(channelWorkflowId(channelId));
  await save('channel-refused-password', channelWorkflowId(channelId));
}

async function recordPaused(): Promise<void> {
  const { workflowId, life } = await connected('paused');
  await life.pause();
  await untilIdle(workflowId);
  await save('channel-paused', workflowId);
}

async function recordBlocked(): Promise<void> {
  const { email, workflowId, life } = await connected('blocked');
  await sandbox.fault('google', email, 'account_disabled');
  await life.command('verify');
  await until('the block', async () => (await life.read()).status === 'blocked', 60_000);
  await untilIdle(workflowId);
  await save('channel-blocked', workflowId);
}

async function recordDisconnecting(): Promise<void> {
  const { email, workflowId, life } = await connected('disconnecting');
  const { id } = await sandbox.fault('google', email, 'unavailable', { kind: 'revoke' });
  await life.disconnect();
  await until('a second try', async () => (await life.read()).failures > 1);
  await untilIdle(workflowId);
  await save('channel-disconnecting', workflowId);
  await sandbox.mend(id);
  await client.workflow.getHandle(workflowId).result();
  await save('channel-disconnected', workflowId);
}

/** A poll that breaks for a reason of our own, until its time is over. */
async function recordPutOff(): Promise<void> {
  const { channelId, workflowId, life } = await connected('put-off');
  const rubbish = { accessTokenJwe: 'rubbish' };
  await life.inTenant((tx) => tx.update(credentials).set(rubbish).where(eq(credentials.channelId, channelId)));
  await life.inTenant((tx) => updateChannel(tx, channelId, { nextPollAt: new Date() }));
  await until('the poll to be put off', async () => (await life.read()).failures > 0, 180_000);
  await untilIdle(workflowId);
  await save('channel-put-off', workflowId);
}

/** The daily comparison, as one of the deeds of a run. */
async function recordAudited(): Promise<void> {
  const { workflowId, life } = await connected('audited');
  await until('a run with an audit in it', async () => {
    const { nextAuditAt } = await life.read();
    await life.fact((tx, row, now) => updateChannel(tx, row.id, { nextAuditAt: now }));
    await until('the audit', async () => (await life.read()).nextAuditAt?.getTime() !== nextAuditAt?.getTime());
    await untilIdle(workflowId);
    const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
    return events?.some((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'audit');
  });
  await save('channel-audited', workflowId);
}

/** A channel's first run, in which it subscribes to its provider's news. */
async function recordSubscribed(): Promise<void> {
  const { channelId, workflowId, life } = await connected('subscribed');
  await until('the subscription', () => life.inTenant((tx) => findSubscription(tx, channelId)));
  await untilIdle(workflowId);
  await save('channel-subscribed', workflowId);
}

async function recordDeliveries(): Promise<void> {
  let status = 500;
  const endpoint = createServer((request, response) => {
    request.resume();
    response.writeHead(status).end();
  }).listen(0, '127.0.0.1');
  await once(endpoint, 'listening');
  const { port } = endpoint.address() as { port: number };
  await addEndpoint(engine.context as never, { url: `http://127.0.0.1:${port}/hook`, events: ['channel.connected'] });
  await connected('delivered');
  const delivery = await until('the delivery', async () => {
    const turn = await turnOutbox(engine.context.database, await engine.context.clock.now(), 500);
    return turn?.deliveries.at(-1);
  });
  await engine.context.temporal.startDelivery(delivery);
  await untilIdle(deliverWorkflowId(delivery.id));
  await save('deliver-pending', deliverWorkflowId(delivery.id));
  status = 204;
  await client.workflow.getHandle(deliverWorkflowId(delivery.id)).result();
  await save('deliver-delivered', deliverWorkflowId(delivery.id));
  endpoint.close();
}

async function exists(workflowId: string): Promise<boolean> {
  return client.workflow
    .getHandle(workflowId)
    .describe()
    .then(
      () => true,
      () => false,
    );
}

async function recordAll(): Promise<void> {
  mkdirSync(HISTORIES, { recursive: true });
  await sandbox.settings('google', { token_life_s: 3_600 });
  const only = process.argv[2];
  if (only === 'audited') return recordAudited();
  if (only === 'subscribed') return recordSubscribed();
  if (only === 'refused-password') return recordRefusedPassword();
  await recordDeliveries();
  await recordAudited();
  await recordSubscribed();
  await recordCarried();
  await recordDegraded();
  await recordReauthorization();
  await recordWaitingImport();
  await recordRefusedPassword();
  await recordPaused();
  await recordBlocked();
  await recordDisconnecting();
  await recordPutOff();
}

try {
  await recordAll();
} finally {
  await engine.close();
}
