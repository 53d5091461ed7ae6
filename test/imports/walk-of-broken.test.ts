import { afterAll, beforeAll, expect, test } from 'vitest';
import { findCursor } from '../../db/imports/cursors.ts';
import { listImportScopes } from '../../db/imports/scopes.ts';
import { PartRefused } from '../../domain/verdict.ts';
import { verdict } from '../../domain/verdict-builders.ts';
import type { Provider } from '../../providers/contract.ts';
import { channelOf, connectImap } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { idsOf, importing, TENANT } from './importing.ts';
import { ModelMailbox } from './model/model-mailbox.ts';
import { modelProvider } from './model/model-provider.ts';
import type { ModelAccount } from './model/model-provider.ts';

/* A broken import at a provider that tells no cursor as of now, which walks to the heads that polls go on from. */

/** A slice that breaks for this time is put off. */
const LAST_ATTEMPT = 4;
const INBOX = 'INBOX';
const SENT = 'Sent';
const MESSAGES = 60;
/** What a page holds at most, so that a listing and a walk have several. */
const PAGE = 6;

let stage: Stage;
let account: ModelAccount;
/** May throw before a page of a listing of changes, or of a walk. */
let beforeChanges: (scope: string) => void;
let beforeWalk: (scope: string) => void;
/** Where each page of a walk of the inbox began. */
let walked: (string | null)[];

beforeAll(async () => {
  stage = await raiseStage({ given: { providers: new Map([['imap', meddling(modelProvider(() => account))]]) } });
}, 180_000);
afterAll(() => stage.close());

function meddling(provider: Provider): Provider {
  return {
    ...provider,
    async openSession(access, signal) {
      const session = await provider.openSession(access, signal);
      const walk = session.walk?.bind(session);
      if (!walk) throw new Error('the model walks');
      return {
        ...session,
        async listChanges(scope, cursor, limit) {
          beforeChanges(scope.scope);
          return session.listChanges(scope, cursor, Math.min(limit, PAGE));
        },
        async walk(scope, position, limit) {
          beforeWalk(scope.scope);
          if (scope.scope === INBOX) walked.push(position);
          return walk(scope, position, Math.min(limit, PAGE));
        },
      };
    },
  };
}

/** Rolls what makes pages as long as they may be, and each listing end at its end. */
const fullPages = (below: number) => below - 1;
const fine = () => {};
function breaks(): never {
  throw new TypeError('our reader of this page is broken');
}

/** Breaks from the call on that follows so many good ones. */
function breaksAfter(calls: number): () => void {
  let left = calls;
  return () => {
    if (left-- <= 0) breaks();
  };
}

/** A connected channel that has its cursors, with new mail in both folders, and an import of it. */
async function withMail(email: string) {
  [beforeChanges, beforeWalk, walked] = [fine, fine, []];
  const mailbox = new ModelMailbox([INBOX, SENT], 0, () => new Date());
  account = { mailbox, tellsTime: true, walks: true, roll: fullPages, meet: fine };
  const channelId = channelOf(await connectImap(stage, email, secret('password')));
  mailbox.connected = true;
  const machine = importing(stage.context);
  await machine.settle(channelId);
  for (const folder of [0, 1]) mailbox.deliver(mailbox.folder(folder), MESSAGES);
  const importId = await machine.queue(channelId, { cause: 'reauthorized' });
  walked = [];
  return {
    channelId,
    break: () => machine.slice(channelId, importId, LAST_ATTEMPT),
    poll: () => machine.poll(channelId),
    /** Ends the import, and a further one that a poll may have begun. */
    async finish() {
      [beforeChanges, beforeWalk] = [fine, fine];
      await machine.finish(channelId, importId);
      await machine.settle(channelId);
    },
    deliver: (folder: number) => mailbox.deliver(mailbox.folder(folder), 1),
    stored: async () => idsOf(await machine.stored(channelId)),
    ours: () => idsOf(mailbox.arrived.filter(({ ours }) => ours)),
    channel: () => machine.channel(channelId),
    told: (type: string) => machine.told(channelId, type),
    cursor: (scope: string) => stage.context.database.inTenant(TENANT, (tx) => findCursor(tx, channelId, scope)),
    part: async (scope: string) =>
      (await stage.context.database.inTenant(TENANT, (tx) => listImportScopes(tx, importId))).find(
        (part) => part.scope === scope,
      ),
  };
}

test('rule 9: a page that moves the cursor voids the walk from the cursor before', async () => {
  const subject = await withMail('forgotten@example.com');
  beforeChanges = breaks;
  beforeWalk = breaksAfter(2);
  expect(await subject.break()).toMatchObject({ done: false, state: 'running' });
  expect(await subject.part(INBOX)).toMatchObject({ headCursor: null });
  const abandoned = (await subject.part(INBOX))?.position;
  expect(abandoned).not.toBeNull();

  // It gets on by several pages, past where the walk was, and breaks again.
  const before = await subject.cursor(INBOX);
  beforeChanges = breaksAfter(8);
  beforeWalk = breaks;
  await subject.break();
  const cursor = await subject.cursor(INBOX);
  expect(cursor).not.toBe(before);
  walked = [];
  beforeChanges = breaks;
  beforeWalk = fine;
  expect(await subject.break()).toMatchObject({ done: false, state: 'stalled' });
  expect(walked[0]).toBe(cursor);
  beforeChanges = fine;
  expect(await subject.poll()).toMatchObject({ stored: 0 });
  await subject.finish();
  expect(await subject.stored()).toEqual(subject.ours());
});

test('while the walk breaks too, the import keeps its lane and polls wait; it leaves with the first walk that ends', async () => {
  const subject = await withMail('walkless@example.com');
  [beforeChanges, beforeWalk] = [breaks, breaks];
  const { coveredUntil } = await subject.channel();
  const cursor = await subject.cursor(INBOX);
  for (let tries = 0; tries < 2; tries++) {
    expect(await subject.break()).toMatchObject({ done: false, state: 'running' });
    expect(await subject.channel()).toMatchObject({ status: 'connected', importState: 'stalled', coveredUntil });
    expect(await subject.poll()).toMatchObject({ stored: 0 });
    expect(await subject.cursor(INBOX)).toBe(cursor);
  }
  expect(await subject.told('import.stalled')).toHaveLength(1);

  beforeWalk = fine;
  expect(await subject.break()).toMatchObject({ done: false, state: 'stalled' });
  beforeChanges = fine;
  subject.deliver(0);
  expect(await subject.poll()).toMatchObject({ stored: 1 });
  expect(await subject.channel()).toMatchObject({ importState: 'stalled', coveredUntil });
  await subject.finish();
  expect(await subject.told('import.stalled')).toHaveLength(1);
  expect(await subject.stored()).toEqual(subject.ours());
});

test('a part that is refused before its head is reached keeps its cursor, and does not keep the import in its lane', async () => {
  const subject = await withMail('refused-part@example.com');
  const cursors = { inbox: await subject.cursor(INBOX), sent: await subject.cursor(SENT) };
  const refuse = (scope: string) => {
    if (scope === SENT) throw new PartRefused('not this folder', verdict('transient', 'provider_unavailable'));
  };
  beforeChanges = breaks;
  beforeWalk = refuse;
  expect(await subject.break()).toMatchObject({ done: false, state: 'stalled', setAside: 1 });
  expect(await subject.cursor(INBOX)).not.toBe(cursors.inbox);
  expect(await subject.cursor(SENT)).toBe(cursors.sent);
  subject.deliver(0);
  beforeChanges = refuse;
  await subject.poll();
  expect(await subject.stored()).toHaveLength(1);
  await stage.context.database.inTenant(TENANT, (tx) =>
    tx.execute(
      `update import_scopes set retry_at = now() where channel_id = '${subject.channelId}' and retry_at is not null`,
    ),
  );
  await subject.finish();
  expect(await subject.stored()).toEqual(subject.ours());
});
