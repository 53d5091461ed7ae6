import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { eq } from 'drizzle-orm';
import { handOver } from '../support/settle.ts';
import { updateChannel } from '../../db/channels/channels.ts';
import { ensureTenant, findPolicy, setPolicy } from '../../db/access/tenants.ts';
import { findRunningImport } from '../../db/imports/imports.ts';
import { findSignInImport } from '../../db/imports/receipts.ts';
import { credentials } from '../../db/schema/credentials.ts';
import { notices } from '../../db/schema/notices.ts';
import type { TenantPolicy } from '../../db/schema/tenants.ts';
import { startPlanner } from '../../notifications/planner.ts';
import { findSubscription } from '../../db/channels/subscriptions.ts';
import {
  channelWorkflowId,
  deliverWorkflowId,
  importWorkflowId,
  recipientWorkflowId,
} from '../../domain/workflow/names.ts';
import { channelOf, connectGmail, connectImap } from '../support/connect.ts';
import { chainOf, raiseEngine, until } from '../support/engine.ts';
import { startMailServer } from '../support/mail-server.ts';
import { raiseStage } from '../support/stage.ts';
import { PUSH_VARIABLES } from '../push/pushing.ts';
import { addEndpoint } from '../webhooks/stage.ts';
import { lifeOf } from './life.ts';
import { startSend } from './start-send.ts';
import { HISTORIES, SECRET, textsOf } from './recorded.ts';
import { pretty, toRecorded } from './recorded-text.ts';
import type { Recorded } from './recorded.ts';

/*
 * Records the histories that test/workflows/replay.test.ts replays: `node test/workflows/record.ts`, some three
 * minutes. Run it when a workflow has a new state or a new path, keep the old files next to the new ones while runs of
 * the old code may be alive, and look at what changed before committing.
 */

const POLL_MS = 1_500;
const mailServer = await startMailServer({ now: async () => new Date() });
const MAIL_VARIABLES = { SMTP_URL: mailServer.url, MAIL_FROM: 'Mooring <no-reply@mooring.example>' };
const stage = await raiseStage({ variables: { ...PUSH_VARIABLES, ...MAIL_VARIABLES } });
const engine = await raiseEngine(stage, { timeSkipping: false, config: { pollIntervalMs: POLL_MS } });
const { sandbox, client } = engine;

async function connected(name: string, connecting: Parameters<typeof connectGmail>[2] = {}) {
  const email = `${name}@example.com`;
  const channelId = channelOf(await connectGmail(engine, email, connecting));
  const life = lifeOf(engine, channelId, connecting.tenantId);
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

async function save(name: string, workflowId: string, runId?: string): Promise<void> {
  const history = toRecorded(await client.workflow.getHandle(workflowId, runId).fetchHistory());
  const secret = textsOf(history).find((candidate) => SECRET.test(candidate));
  if (secret) throw new Error(`${name} holds something that looks like a secret`);
  const recorded: Recorded = { workflowId, history };
  writeFileSync(join(HISTORIES, `${name}.json`), `${pretty(recorded)}\n`);
  console.log(`${name}: ${history.events.length} events`);
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

async function changePolicy(tenantId: string, change: Partial<TenantPolicy>): Promise<void> {
  await engine.context.database.inTenant(tenantId, async (tx) => {
    await ensureTenant(tx, tenantId, new Date());
    await setPolicy(tx, tenantId, { ...(await findPolicy(tx, tenantId)), ...change });
  });
}

/** Its owner does nothing: it has reminded of the first step, and waits for the second. */
async function recordReminded(): Promise<void> {
  const tenantId = 'reminded';
  await changePolicy(tenantId, { remindersDays: [5 / 86_400, 3] });
  const { email, workflowId, life } = await connected('reminded', { tenantId, spec: { import: 'off' } });
  await sandbox.fault('google', email, 'access_revoked');
  await life.command('refreshNow');
  await until('the reminder', async () => (await life.told('channel.reauth_reminder')) > 0);
  await untilIdle(workflowId);
  await save('channel-reminded', workflowId);
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

/** A run that goes on after five cycles, because they were refreshes at their time. */
async function recordRefreshed(): Promise<void> {
  await sandbox.settings('google', { token_life_s: 4 });
  const { workflowId } = await connected('refreshed', { spec: { import: 'off' } });
  const areMany = async () => (await client.workflow.getHandle(workflowId).describe()).historyLength > 60;
  await until('more than five refreshes', areMany, 120_000);
  await sandbox.settings('google', { token_life_s: 3_600 });
  await untilIdle(workflowId);
  await new Promise((resolve) => setTimeout(resolve, 4_000)); // the last short-lived token
  await untilIdle(workflowId);
  await save('channel-refreshed', workflowId);
}

/** A run that takes turns between commands of several callers and a poll, and ends although commands wait. */
async function recordCommands(): Promise<void> {
  const { email, workflowId, life } = await connected('commanded');
  const slow = await sandbox.fault('google', email, 'slow', { kind: 'api', ms: 300 });
  const stopping = new AbortController();
  const callers = [1, 2, 3].map(async () => {
    while (!stopping.signal.aborted) await life.command('verify', 60_000);
  });
  await until('later runs', async () => (await chainOf(engine, workflowId)).length > 3, 60_000);
  stopping.abort();
  await Promise.all(callers);
  await sandbox.mend(slow.id);
  // A run names the one before it.
  const current = await client.workflow.getHandle(workflowId).fetchHistory();
  const runId = current.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? undefined;
  await save('channel-commanded', workflowId, runId);
}

/** The workflow of the owner of a channel of this tenant that has just broken. */
async function recipientOf(tenantId: string): Promise<string> {
  const owner = { email: `${tenantId}@people.example`, name: null };
  const { email, life } = await connected(tenantId, { tenantId, spec: { owner } });
  await sandbox.fault('google', email, 'access_revoked');
  await life.command('refreshNow');
  const found = await until('the notice', () =>
    life.inTenant((tx) =>
      tx
        .select()
        .from(notices)
        .then(([notice]) => notice),
    ),
  );
  return recipientWorkflowId(found.recipientId);
}

/** A person whose mail was sent, and one whose mail waits for the end of quiet hours. */
async function recordRecipients(): Promise<void> {
  const planner = startPlanner(engine.context);
  const told = await recipientOf('told');
  await client.workflow.getHandle(told).result();
  await save('recipient-told', told);

  const hour = new Date().getUTCHours();
  const clock = (at: number) => `${String((hour + at + 24) % 24).padStart(2, '0')}:00`;
  const quietHours = { from: clock(-1), to: clock(3), timeZone: 'UTC' };
  await changePolicy('sleeping', { quietHours, quietFirst: true });
  const waiting = await recipientOf('sleeping');
  await untilIdle(waiting);
  await save('recipient-waiting', waiting);
  await planner.stop();
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
    const turn = await handOver(engine.context.database, await engine.context.clock.now(), 500);
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

/** A message that waited for a fresh access token and was taken, and one whose provider has not answered yet. */
async function recordSends(): Promise<void> {
  const { email, channelId, life } = await connected('sending', { spec: { import: 'off', uses: ['read', 'send'] } });
  await life.inTenant((tx) =>
    tx.update(credentials).set({ accessTokenRefusedAt: new Date() }).where(eq(credentials.channelId, channelId)),
  );
  const first = await startSend(engine, channelId, email);
  await client.workflow.getHandle(first).result();
  await save('send-settled', first);
  const slow = await sandbox.fault('google', email, 'slow', { kind: 'api', ms: 15_000, times: 1 });
  const second = await startSend(engine, channelId, email);
  await until('the transmission', async () => {
    const { raw } = await client.workflow.getHandle(second).describe();
    return raw.pendingActivities?.some(({ lastStartedTime }) => lastStartedTime);
  });
  await save('send-running', second);
  await sandbox.mend(slow.id);
  await client.workflow.getHandle(second).result();
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

const RECORDED_ALONE: Record<string, () => Promise<void>> = {
  audited: recordAudited,
  commanded: recordCommands,
  recipients: recordRecipients,
  refreshed: recordRefreshed,
  'refused-password': recordRefusedPassword,
  reminded: recordReminded,
  sends: recordSends,
  subscribed: recordSubscribed,
};

async function recordAll(): Promise<void> {
  mkdirSync(HISTORIES, { recursive: true });
  await sandbox.settings('google', { token_life_s: 3_600 });
  const [only] = process.argv.slice(2);
  const alone = only === undefined ? null : RECORDED_ALONE[only];
  if (alone) return alone();
  await recordDeliveries();
  await recordCommands();
  await recordRecipients();
  await recordAudited();
  await recordSubscribed();
  await recordCarried();
  await recordRefreshed();
  await recordDegraded();
  await recordReauthorization();
  await recordReminded();
  await recordWaitingImport();
  await recordRefusedPassword();
  await recordPaused();
  await recordBlocked();
  await recordDisconnecting();
  await recordPutOff();
  await recordSends();
}

try {
  await recordAll();
} finally {
  await engine.close();
  await mailServer.close();
}
