import { MockActivityEnvironment } from '@temporalio/testing';
import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { auditChannel } from '../../imports/audit.ts';
import type { Context } from '../../runtime/context.ts';
import { imports } from '../../db/schema/imports.ts';
import { channelOf, connectImap } from '../support/connect.ts';
import { Dovecot, dovecotInstalled } from '../support/dovecot.ts';
import { shapedMail } from '../support/mail-shapes.ts';
import { secret } from '../support/minting.ts';
import { raiseStage, stageTrusting } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { WrittenImap } from '../support/written-imap.ts';
import { idsOf, importing, messageIds, TENANT, withSessions } from './importing.ts';

const PASSWORD = secret('password');
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Time that these tests let pass, ours and the provider's. */
let passedMs = 0;
let stage: Stage;
let context: Context;
/** How many pages of windows were listed, by folder. */
let listed: string[] = [];
let machine: ReturnType<typeof importing>;

function watch(raised: Stage): void {
  stage = raised;
  passedMs = 0;
  const clock = { now: async () => new Date((await raised.context.clock.now()).getTime() + passedMs) };
  context = withSessions({ ...raised.context, clock }, (session) => ({
    ...session,
    listWindow(scope, ...asked) {
      listed.push(scope.scope);
      return session.listWindow(scope, ...asked);
    },
  }));
  machine = importing(context);
}

/** A day passes, with its poll; which folders the audit then listed. */
async function audit(channelId: string, days = 1): Promise<string[]> {
  await pass(days);
  await machine.poll(channelId);
  return auditNow(channelId);
}

async function pass(days: number): Promise<void> {
  passedMs += days * DAY_MS;
  await stage.sandbox.setClock(passedMs / 1000);
}

const today = () => new Date(Date.now() + passedMs);

async function auditNow(channelId: string, given = context): Promise<string[]> {
  listed = [];
  await new MockActivityEnvironment().run(() => auditChannel(given, { tenantId: TENANT, channelId }));
  return [...new Set(listed)].toSorted();
}

const audits = (channelId: string) =>
  context.database.inTenant(TENANT, async (tx) =>
    (await tx.select().from(imports).where(eq(imports.channelId, channelId))).filter(({ audit }) => audit),
  );

async function connectedAtSandbox(email: string): Promise<string> {
  await stage.sandbox.account('imap', email, { password: PASSWORD });
  const channelId = channelOf(await connectImap(stage, email, PASSWORD));
  await stage.sandbox.deliver('imap', email, 2);
  await stage.sandbox.deliver('imap', email, 2, { folder: 'Projects' });
  await machine.poll(channelId);
  return channelId;
}

describe('at the sandbox', () => {
  beforeAll(async () => watch(await raiseStage()));
  afterAll(() => stage.close());

  test('a folder that two audits found whole is listed again when mail comes, and once a week', async () => {
    const channelId = await connectedAtSandbox('quiet@example.com');
    const all = ['Archive', 'INBOX', 'Projects', 'Sent'];
    const first = await audit(channelId);
    expect(first).toEqual(expect.arrayContaining(['INBOX', 'Projects', 'Sent']));
    expect(all).toEqual(expect.arrayContaining(first));
    expect(await audit(channelId)).toEqual(first);
    expect(await audit(channelId)).toEqual([]);
    await stage.sandbox.deliver('imap', 'quiet@example.com', 1, { folder: 'Projects' });
    expect(await audit(channelId)).toEqual(['Projects']);
    expect(await audit(channelId)).toEqual(['Projects']);
    expect(await audit(channelId)).toEqual([]);
    expect(await audit(channelId, 7)).toEqual(first);
    expect(await audits(channelId)).toEqual([]);
  });

  test('what a listing forgets once is found by the second audit, though nothing was added since the first', async () => {
    const email = 'forgetful@example.com';
    const channelId = await connectedAtSandbox(email);
    const hidden = await stage.sandbox.deliver('imap', email, 1, { folder: 'Projects' });
    const hide = (given: Context) =>
      withSessions(given, (session) => ({
        ...session,
        async listChanges(scope, cursor, limit) {
          return { ...(await session.listChanges(scope, cursor, limit)), items: [] };
        },
        async listWindow(...asked) {
          const page = await session.listWindow(...asked);
          const uid = hidden[0]?.provider_id.split('/').at(-1);
          return { ...page, items: page.items.filter(({ providerId }) => providerId !== uid) };
        },
      }));
    await importing(hide(context)).poll(channelId);
    await pass(1);
    expect(await auditNow(channelId, hide(context))).toContain('Projects');
    expect(idsOf(await machine.stored(channelId))).not.toContain(hidden[0]?.message_id);
    expect(await audit(channelId)).toContain('Projects');
    expect(idsOf(await machine.stored(channelId))).toEqual(expect.arrayContaining(messageIds(hidden)));
  });

  test('where something is missing or was kept aside, the next audit lists again', async () => {
    const email = 'missing@example.com';
    const channelId = await connectedAtSandbox(email);
    await audit(channelId);
    const [lost] = await stage.sandbox.deliver('imap', email, 1, { folder: 'Projects' });
    const uid = lost?.provider_id.split('/').at(-1);
    const silent = withSessions(context, (session) => ({
      ...session,
      async listChanges(scope, cursor, limit) {
        return { ...(await session.listChanges(scope, cursor, limit)), items: [] };
      },
      async *fetchMessages(scope, items) {
        for await (const fetched of session.fetchMessages(scope, items)) {
          if (fetched.item.providerId !== uid || scope.scope !== 'Projects') yield fetched;
        }
      },
    }));
    await importing(silent).poll(channelId);
    for (let days = 0; days < 3; days++) {
      await pass(1);
      await auditNow(channelId, silent);
      // What is left is tried three times, a moment apart.
      for (const { id, state } of await audits(channelId)) {
        if (state === 'running') await importing(silent).finish(channelId, id);
      }
    }
    expect((await audits(channelId)).map(({ state }) => state)).toEqual(['stalled', 'stalled', 'stalled']);
    expect(await audit(channelId)).toContain('Projects');
    expect(idsOf(await machine.stored(channelId))).toContain(lost?.message_id);
  });
});

describe.skipIf(!dovecotInstalled)('at Dovecot', () => {
  let dovecot: Dovecot;
  const email = 'states@dovecot.example';
  beforeAll(async () => {
    dovecot = await Dovecot.start();
    await dovecot.setPassword(email, PASSWORD);
    await dovecot.as(email, async (client) => {
      for (const name of ['Quiet', 'Busy', 'Gone']) await client.mailboxCreate(name);
    });
    watch(await stageTrusting(dovecot));
  }, 60_000);
  afterAll(async () => {
    await stage.close();
    await dovecot.stop();
  });

  test('mail, flags, deletions and a folder made anew are seen; what stays as it was is not listed', async () => {
    const channelId = channelOf(await connectImap(stage, email, PASSWORD));
    for (const name of ['Quiet', 'Busy', 'Gone']) dovecot.fill(email, name, shapedMail(3, today()));
    await machine.poll(channelId);
    const all = ['Busy', 'Gone', 'INBOX', 'Quiet', 'Sent'];
    expect(await audit(channelId)).toEqual(all);
    expect(await audit(channelId)).toEqual(all);
    expect(await audit(channelId)).toEqual([]);
    dovecot.fill(email, 'Busy', shapedMail(2, today()));
    await dovecot.as(email, async (client) => {
      await client.mailboxDelete('Gone');
      await client.mailboxCreate('Gone');
      await client.mailboxOpen('Quiet');
      await client.messageFlagsAdd('1', ['\\Flagged']);
    });
    expect(await audit(channelId)).toEqual(['Busy', 'Gone', 'Quiet']);
    expect(await machine.stored(channelId)).toHaveLength(11);
    await dovecot.as(email, async (client) => {
      await client.mailboxOpen('Quiet');
      await client.messageDelete('2');
    });
    expect(await audit(channelId)).toContain('Quiet');
  });
});

describe('at servers of our own', () => {
  let server: WrittenImap;
  beforeAll(async () => {
    server = await WrittenImap.start();
    watch(await stageTrusting(server, 'tls'));
  });
  afterEach(() => {
    server.twist = (_asked, answer) => answer;
  });
  afterAll(async () => {
    await stage.close();
    await server.stop();
  });

  async function connected(login: string, capabilities: string): Promise<string> {
    server.capabilities = capabilities;
    server.folders.clear();
    server.folder('INBOX');
    server.folder('Projects');
    const channelId = channelOf(await connectImap(stage, login, PASSWORD));
    server.deliver('INBOX', 2, today());
    server.deliver('Projects', 2, today());
    await machine.poll(channelId);
    for (let days = 0; days < 2; days++) expect(await audit(channelId)).toEqual(['INBOX', 'Projects']);
    return channelId;
  }

  test.each(['', 'LIST-STATUS'])('one that offers no CONDSTORE is listed every day (%s)', async (capabilities) => {
    const channelId = await connected(`without-${capabilities}@written.example`, capabilities);
    server.takeCounts();
    expect(await audit(channelId)).toEqual(['INBOX', 'Projects']);
    expect(server.asked.filter(({ rest }) => rest.includes('MODSEQ'))).toEqual([]);
  });

  test.each(['CONDSTORE', 'CONDSTORE LIST-STATUS'])('one that offers it is asked once (%s)', async (capabilities) => {
    const channelId = await connected(`${capabilities}@written.example`.replace(' ', '-'), capabilities);
    await pass(1);
    server.takeCounts();
    expect(await auditNow(channelId)).toEqual([]);
    const { 'UID SEARCH': searches, EXAMINE: examines } = server.takeCounts();
    expect([searches, examines]).toEqual([undefined, undefined]);
  });

  test('one that claims it and refuses, or keeps none, is listed every day', async () => {
    server.twist = ({ command, rest }, answer) =>
      command === 'STATUS' && rest.includes('MODSEQ') ? '%T BAD unknown item\r\n' : answer;
    const refusing = await connected('refusing@written.example', 'CONDSTORE');
    expect(await audit(refusing)).toEqual(['INBOX', 'Projects']);
    server.twist = (_asked, answer) => answer.replaceAll(/HIGHESTMODSEQ \d+/g, 'HIGHESTMODSEQ 0');
    const keeping = await connected('none@written.example', 'CONDSTORE LIST-STATUS');
    expect(await audit(keeping)).toEqual(['INBOX', 'Projects']);
  });

  test('one whose HIGHESTMODSEQ never changes hides no mail: polls bring it, and audits list the folder', async () => {
    server.twist = (_asked, answer) => answer.replaceAll(/HIGHESTMODSEQ \d+/g, 'HIGHESTMODSEQ 5');
    const channelId = await connected('lying@written.example', 'CONDSTORE LIST-STATUS');
    expect(await audit(channelId)).toEqual([]);
    const more = server.deliver('Projects', 2, today());
    await machine.poll(channelId);
    expect(idsOf(await machine.stored(channelId))).toEqual(expect.arrayContaining(more));
    expect(await audit(channelId)).toEqual(['Projects']);
    // Nor where the change listing forgets it: UIDNEXT has moved.
    const [hidden = ''] = server.deliver('Projects', 1, today());
    const forgetful = withSessions(context, (session) => ({
      ...session,
      async listChanges(scope, cursor, limit) {
        return { ...(await session.listChanges(scope, cursor, limit)), items: [] };
      },
    }));
    await importing(forgetful).poll(channelId);
    expect(idsOf(await machine.stored(channelId))).not.toContain(hidden);
    expect(await audit(channelId)).toEqual(['Projects']);
    expect(idsOf(await machine.stored(channelId))).toContain(hidden);
  });
});
