import { setTimeout as sleep } from 'node:timers/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { presentImport } from '../../api/presenters/import.ts';
import { changeImportMode } from '../../channels/import-mode.ts';
import { lockChannel, updateChannel } from '../../db/channels/channels.ts';
import { updateImport } from '../../db/imports/imports.ts';
import { findReceipt } from '../../db/imports/receipts.ts';
import type { ImportMode } from '../../domain/access-type.ts';
import { pollChannel } from '../../imports/poll.ts';
import type { Session } from '../../providers/contract.ts';
import {
  channelOf,
  connectExchange,
  connectGmail,
  connectImap,
  connectMicrosoft,
  connectOAuth,
} from '../support/connect.ts';
import { databaseAs } from '../support/logins.ts';
import { secret } from '../support/minting.ts';
import { atMailbox } from '../support/mailbox.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { until } from '../support/engine.ts';
import { idsOf, importing, messageIds, TENANT, withSessions } from './importing.ts';

/** A slice that breaks for this time is put off. */
const LAST_ATTEMPT = 4;
const MESSAGES = 3;

let stage: Stage;
beforeAll(async () => {
  stage = await raiseStage();
});
afterAll(() => stage.close());

const shown = (importId: string) =>
  stage.context.database.inTenant(TENANT, async (tx) => {
    const receipt = await findReceipt(tx, importId);
    if (!receipt) throw new Error(`no import ${importId}`);
    return presentImport(receipt);
  });

/** The same dependencies; a session's call that `breaks` throws an error of our own. */
function breaking(breaks: (call: 'listChanges' | 'listWindow', at: string | null) => boolean) {
  const unless = (call: 'listChanges' | 'listWindow', at: string | null) => {
    if (breaks(call, at)) throw new TypeError('our reader of this page is broken');
  };
  return importing(
    withSessions(stage.context, (session: Session) => ({
      ...session,
      async listChanges(...asked) {
        unless('listChanges', asked[1]);
        return session.listChanges(...asked);
      },
      async listWindow(...asked) {
        unless('listWindow', asked[2]);
        return session.listWindow(...asked);
      },
    })),
  );
}

/** What a poll and a listener of the release before wrote, which know of nothing that is owed. */
async function coverAsBefore(channelId: string): Promise<void> {
  const now = new Date().toISOString();
  await stage.context.database.inTenant(TENANT, (tx) =>
    tx.execute(sql`update channels set covered_until = ${now} where id = ${channelId}`),
  );
  await databaseAs('listener', stage.context.database).inTenant(TENANT, async (tx) => {
    await tx.execute(sql`
      insert into watches (channel_id, tenant_id, access_type, host, interval_ms)
      values (${channelId}, ${TENANT}, 'imap', 'imap', 60000)`);
    await tx.execute(sql`
      update watches set watched_at = ${now}, covered_until = greatest(covered_until, ${now}::timestamptz)
      where channel_id = ${channelId}`);
  });
}

/** Breaks the listing of `importId`, lets polls go on beside it, and mends it. */
async function outlive(
  channelId: string,
  importId: string,
  lives: { broken: ReturnType<typeof importing>; more: string[] },
) {
  const machine = importing(stage.context);
  const { coveredUntil } = await machine.channel(channelId);
  expect(await machine.poll(channelId)).toMatchObject({ stored: MESSAGES });
  expect(idsOf(await machine.stored(channelId))).toEqual(lives.more);
  expect(await machine.channel(channelId)).toMatchObject({ status: 'connected', importState: 'stalled', coveredUntil });
  expect(await machine.poll(channelId)).toMatchObject({ outcome: 'nothing' });
  await coverAsBefore(channelId);
  expect((await machine.channel(channelId)).coveredUntil).toEqual(coveredUntil);
  // It is tried again, which is not told again; one at a time leaves the lane.
  expect(await lives.broken.slice(channelId, importId, LAST_ATTEMPT)).toMatchObject({ done: false });
  expect(await machine.told(channelId, 'import.stalled')).toHaveLength(1);
  expect(await machine.channel(channelId)).toMatchObject({ importState: 'stalled', coveredUntil });

  expect(await machine.finish(channelId, importId)).toMatchObject({ state: 'completed' });
  expect(await shown(importId)).toMatchObject({ state: 'completed', compared: true, imported: MESSAGES, missing: 0 });
  expect(await machine.told(channelId, 'import.completed')).toHaveLength(1);
  expect((await machine.channel(channelId)).importState).toBe('idle');
  const covered = async () => {
    await machine.poll(channelId);
    return (await machine.channel(channelId)).coveredUntil?.getTime();
  };
  await expect.poll(covered, { timeout: 10_000 }).toBeGreaterThan(coveredUntil?.getTime() ?? Infinity);
}

test('rule 9: an import that breaks for a reason of our own is stalled, and polls go on while it owes its part', async () => {
  const email = 'owed@example.com';
  const channelId = channelOf(await connectGmail(stage, email));
  const missed = await stage.sandbox.deliver('google', email, MESSAGES);
  const { queue, channel, told } = importing(stage.context);
  const before = await channel(channelId);
  const importId = await queue(channelId, { cause: 'reauthorized' });
  let first: string | null = null;
  const broken = breaking((call, at) => call === 'listChanges' && at === (first ??= at));
  expect(await broken.slice(channelId, importId, LAST_ATTEMPT)).toMatchObject({ done: false, state: 'stalled' });
  expect(await shown(importId)).toMatchObject({ state: 'stalled', completed_at: null, imported: 0 });
  expect(await told(channelId, 'import.stalled')).toMatchObject([{ data: { import: importId, missing: 0 } }]);
  expect(await channel(channelId)).toMatchObject({ importState: 'stalled', coveredUntil: before.coveredUntil });

  const more = await stage.sandbox.deliver('google', email, MESSAGES);
  await outlive(channelId, importId, { broken, more: messageIds(more) });
  expect(idsOf(await importing(stage.context).stored(channelId))).toEqual(messageIds([...missed, ...more]));
});

test('an import that breaks in its window of time leaves the lane too, and so does one that breaks in its comparison', async () => {
  const email = 'window@example.com';
  const channelId = channelOf(await connectGmail(stage, email));
  await stage.sandbox.fault('google', email, 'cursor_expired');
  const missed = await stage.sandbox.deliver('google', email, MESSAGES);
  const { queue, stored, slice, told, finish } = importing(stage.context);
  const importId = await queue(channelId, { cause: 'reauthorized' });
  const broken = breaking((call) => call === 'listWindow');
  await broken.slice(channelId, importId, LAST_ATTEMPT);
  const more = await stage.sandbox.deliver('google', email, MESSAGES);
  await outlive(channelId, importId, { broken, more: messageIds(more) });
  expect(idsOf(await stored(channelId))).toEqual(messageIds([...missed, ...more]));

  const password = secret('password');
  await stage.sandbox.account('imap', email, { password });
  const other = channelOf(await connectImap(stage, email, password));
  const compared = await stage.sandbox.deliver('imap', email, MESSAGES);
  const second = await queue(other, { cause: 'reauthorized' });
  await broken.slice(other, second, LAST_ATTEMPT);
  expect(await shown(second)).toMatchObject({ state: 'stalled', imported: MESSAGES });
  expect(await told(other, 'import.stalled')).toMatchObject([{ data: { imported: MESSAGES } }]);
  const late = await stage.sandbox.deliver('imap', email, MESSAGES);
  expect(await importing(stage.context).poll(other)).toMatchObject({ stored: MESSAGES });
  await slice(other, second);
  await finish(other, second);
  expect(await shown(second)).toMatchObject({ state: 'completed', compared: true });
  expect(idsOf(await stored(other))).toEqual(messageIds([...compared, ...late]));
});

/** Signs in, and lets the first import end: its walk is not the one in question. */
async function connectedTo(provider: 'microsoft' | 'exchange', email: string): Promise<string> {
  const password = secret('password');
  await stage.sandbox.account(provider, email, provider === 'exchange' ? { password } : {});
  const result = provider === 'exchange' ? connectExchange(stage, email, password) : connectMicrosoft(stage, email);
  const channelId = channelOf(await result);
  await importing(stage.context).settle(channelId);
  return channelId;
}

test.each([
  { provider: 'microsoft', breaks: 'listChanges' },
  { provider: 'microsoft', breaks: 'listWindow' },
  { provider: 'exchange', breaks: 'listChanges' },
  { provider: 'exchange', breaks: 'listWindow' },
  { provider: 'microsoft', breaks: 'expired' },
  { provider: 'exchange', breaks: 'expired' },
] as const)('rule 9: polls go on beside a broken $breaks of $provider, which tells no cursor as of now', async (of) => {
  const { provider, breaks } = of;
  const email = `${breaks.toLowerCase()}@contoso.example`;
  const channelId = await connectedTo(provider, email);
  // Then the import walks to its first cursors, which breaks as well, or the walk of the broken import meets the end.
  if (breaks !== 'listChanges') await stage.sandbox.fault(provider, email, 'cursor_expired');
  const missed = await stage.sandbox.deliver(provider, email, MESSAGES);
  const { queue, stored, told } = importing(stage.context);
  const importId = await queue(channelId, { cause: 'reauthorized' });
  const broken = breaking((call) => breaks === 'expired' || call === breaks);
  expect(await broken.slice(channelId, importId, LAST_ATTEMPT)).toMatchObject({ done: false, state: 'stalled' });
  expect(await told(channelId, 'import.stalled')).toMatchObject([{ data: { import: importId } }]);
  const gaps = (await told(channelId, 'gap.detected')).map(({ data }) => data['gapCause']);
  expect(gaps.filter((cause) => cause === 'cursor_expired')).toHaveLength(breaks === 'listChanges' ? 0 : 1);
  const more = await stage.sandbox.deliver(provider, email, MESSAGES);
  await outlive(channelId, importId, { broken, more: messageIds(more) });
  expect(idsOf(await stored(channelId))).toEqual(messageIds([...missed, ...more]));
});

test('a slice that breaks waits for its channel before it holds its import, as a reauthorization does', async () => {
  const email = 'locks@example.com';
  const { database } = stage.context;
  const channelId = channelOf(await connectGmail(stage, email));
  await stage.sandbox.deliver('google', email, 1);
  const importId = await importing(stage.context).queue(channelId, { cause: 'reauthorized' });
  const locked = Promise.withResolvers<void>();
  const reauthorize = () =>
    database.inTenant(TENANT, async (tx) => {
      await lockChannel(tx, channelId);
      locked.resolve();
      await until('the slice that waits for the channel', async () => {
        const [row] = await tx.execute<{ waits: boolean }>(
          sql`select exists (select from pg_locks where not granted) as waits`,
        );
        return row?.waits;
      });
      await updateImport(tx, importId, { windowTo: null });
    });
  const reauthorizing: Promise<void>[] = [];
  const machine = importing(
    withSessions(stage.context, (session) => ({
      ...session,
      async listChanges() {
        if (reauthorizing.length === 0) reauthorizing.push(reauthorize());
        await locked.promise;
        throw new TypeError('our reader of this page is broken');
      },
    })),
  );
  expect(await machine.slice(channelId, importId, LAST_ATTEMPT)).toMatchObject({ done: false, state: 'running' });
  await Promise.all(reauthorizing);
});

const DAY_MS = 86_400_000;

test('what is owed is neither covered by importing that is switched off and on, nor lost with a folder that comes back', async () => {
  const email = 'returns@example.com';
  const { queue, channel, finish, poll, stored } = importing(stage.context);
  const channelId = channelOf(await connectGmail(stage, email));
  const coveredUntil = new Date(Date.now() - DAY_MS);
  const change = (to: ImportMode | null) =>
    stage.context.database.inTenant(TENANT, async (tx) => {
      const now = await stage.context.clock.now();
      const row = await lockChannel(tx, channelId);
      const ago = { createdAt: coveredUntil, ownedFrom: coveredUntil, coveredUntil };
      if (row) await updateChannel(tx, channelId, to === null ? ago : await changeImportMode(tx, row, to, now));
    });
  await change(null);
  const missed = await stage.sandbox.deliver('google', email, MESSAGES);
  const importId = await queue(channelId, { cause: 'reauthorized' });
  await breaking((call) => call === 'listChanges').slice(channelId, importId, LAST_ATTEMPT);
  await change('off');
  for (const { id, state } of await importing(stage.context).imports(channelId))
    if (state === 'running') await finish(channelId, id);
  await change('continuous');
  expect(await channel(channelId)).toMatchObject({ coveredUntil, ownedFrom: coveredUntil });
  await finish(channelId, importId);
  expect(idsOf(await stored(channelId))).toEqual(messageIds(missed));

  const password = secret('password');
  await stage.sandbox.account('imap', email, { password });
  const other = channelOf(await connectImap(stage, email, password));
  const moved = await stage.sandbox.deliver('imap', email, MESSAGES, { folder: 'Projects' });
  const owed = await queue(other, { cause: 'reauthorized' });
  await breaking((call) => call === 'listWindow').slice(other, owed, LAST_ATTEMPT);
  expect(await shown(owed)).toMatchObject({ state: 'stalled', imported: 0 });
  const rename = (from: string, to: string) =>
    atMailbox({ email, password, server: stage.imap }, (client) => client.mailboxRename(from, to));
  await rename('Projects', 'Elsewhere');
  expect(await finish(other, owed)).toMatchObject({ state: 'completed', counts: { imported: 0 } });
  await rename('Elsewhere', 'Projects');
  expect(await poll(other)).toMatchObject({ stored: MESSAGES });
  expect(idsOf(await stored(other))).toEqual(messageIds(moved));
});

/** A quarter of a process's slots for imports. */
const SHARE = 16;
const HANGS_MS = 20_000;
/** A stretch counts as hanging after two seconds. */
const PATIENCE_MS = 2_500;

test('a poll of a server at which too many hang is turned away, and served once the server answers', async () => {
  const password = secret('password');
  const connected: { email: string; channelId: string }[] = [];
  for (let at = 0; at <= SHARE; at++) {
    const email = `hangs-${at}@example.com`;
    await stage.sandbox.account('imap', email, { password });
    connected.push({ email, channelId: channelOf(await connectImap(stage, email, password)) });
  }
  const [last, ...hung] = connected;
  const fault = await stage.sandbox.fault('imap', null, 'slow', { kind: 'api', ms: HANGS_MS });
  const { poll, stored } = importing(stage.context);
  const hanging = hung.map(({ channelId }) => poll(channelId));
  const isHanging = async () =>
    (await stage.sandbox.requests('imap', 'api')).filter(({ status }) => status === null).length >= SHARE;
  await until('all of them to hang', isHanging, HANGS_MS);
  await sleep(PATIENCE_MS);
  expect(await poll(last!.channelId)).toMatchObject({ outcome: 'crowded', stored: 0 });
  await stage.sandbox.mend(fault.id);
  await Promise.all(hanging);
  const news = await stage.sandbox.deliver('imap', last!.email, 1);
  expect(await poll(last!.channelId)).toMatchObject({ outcome: 'stored', stored: 1 });
  expect(idsOf(await stored(last!.channelId))).toEqual(messageIds(news));
}, 120_000);

/** At one server, of tenants of which none hangs elsewhere. */
const SHARE_OF_A_SERVER = 2 * SHARE;

test('mailboxes of many tenants that hang at the server of one issuer’s tokens leave slots to other servers', async () => {
  const way = { accessType: 'imap', provider: 'google' } as const;
  const poll = (tenantId: string, channelId: string) =>
    new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(() =>
      pollChannel(stage.context, { tenantId, channelId }),
    );
  const connected: { tenantId: string; channelId: string }[] = [];
  for (let at = 0; at <= SHARE_OF_A_SERVER; at++) {
    const tenantId = `hangs-${at}`;
    const email = `${tenantId}@issuer.example.com`;
    await stage.sandbox.account('google', email);
    connected.push({ tenantId, channelId: channelOf(await connectOAuth(stage, way, email, { tenantId })) });
  }
  const [last, ...hung] = connected;
  const fault = await stage.sandbox.fault('google', null, 'slow', { kind: 'api', ms: HANGS_MS });
  const hanging = hung.map(({ tenantId, channelId }) => poll(tenantId, channelId));
  const isHanging = async () =>
    (await stage.sandbox.requests('google', 'api')).filter(({ status }) => status === null).length >= SHARE_OF_A_SERVER;
  await until('all of them to hang', isHanging, HANGS_MS);
  await sleep(PATIENCE_MS);
  expect(await poll(last!.tenantId, last!.channelId)).toMatchObject({ outcome: 'crowded', stored: 0 });
  await stage.sandbox.mend(fault.id);
  await Promise.all(hanging);
  expect(await poll(last!.tenantId, last!.channelId)).toMatchObject({ outcome: 'nothing' });
}, 120_000);
