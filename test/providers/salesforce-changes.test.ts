import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readHeads } from '../../credentials/heads.ts';
import { PartRefused, ProviderError } from '../../domain/verdict.ts';
import type { ListedItem, Session } from '../../providers/contract.ts';
import { failureOf } from './contract.ts';
import { aSecondBegins } from './next-second.ts';
import { Stage } from './stage.ts';

/* What a cursor of Salesforce covers, and which object is refused for itself. */
const NEVER = new AbortController().signal;
const MAILS = { scope: 'EmailMessage', name: 'EmailMessage' };
const TASKS = { scope: 'Task', name: 'Task' };
const DAY_MS = 86_400_000;
let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(async () => {
  await stage.close();
});

async function signIn(details: Record<string, unknown> = {}) {
  const email = `ana.${randomBytes(4).toString('hex')}@acme.example`;
  await stage.control('PUT', `/accounts/salesforce/${email}`, details);
  const { accessToken, context } = await stage.signIn('salesforce', email);
  const provider = stage.providerOf('salesforce');
  const open = () => provider.openSession({ kind: 'token', mailbox: null, context, accessToken }, NEVER);
  const begin = (fault: string) =>
    stage.control<{ id: string }>('POST', '/faults', { provider: 'salesforce', email, fault });
  const write = (method: string, path: string, body: object) =>
    fetch(`${context['instance_url']}/services/data/v62.0/${path}`, {
      method,
      headers: { authorization: `Bearer ${accessToken.reveal()}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  return { email, session: await open(), begin, write, ...stage.accountAt('salesforce', email) };
}

const end = ({ id }: { id: string }) => stage.control('DELETE', `/faults/${id}`);

async function readAll<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const headOf = async (session: Session, part: typeof MAILS) => (await session.headOf(part))?.cursor ?? '';

async function readOn(session: Session, part: typeof MAILS, cursor: string, limit = 500) {
  const ids: string[] = [];
  for (let at = cursor; ;) {
    const page = await session.listChanges(part, at, limit);
    ids.push(...page.items.map(({ providerId }) => providerId));
    at = page.cursor;
    if (!page.more) return { ids, cursor: at };
  }
}

const providerIds = (delivered: { provider_id: string }[]) => delivered.map(({ provider_id: id }) => id).toSorted();

describe('a cursor of Salesforce', () => {
  it('lists what a long transaction commits later than it was stamped', async () => {
    const { session, deliver, begin } = await signIn();
    const head = await headOf(session, MAILS);
    const transaction = await begin('transaction_open');
    const late = await deliver(2);
    const first = await readOn(session, MAILS, head);
    expect(first.ids).toEqual([]);
    await end(transaction);
    expect((await readOn(session, MAILS, first.cursor)).ids.toSorted()).toEqual(providerIds(late));
  });

  it('stays short over more mails than it remembers, and lists none of them twice', async () => {
    const { session, deliver } = await signIn();
    const head = await headOf(session, MAILS);
    const many = await deliver(2_300);
    const first = await readOn(session, MAILS, head);
    expect(first.ids.toSorted()).toEqual(providerIds(many));
    await aSecondBegins();
    const more = await deliver(3);
    const second = await readOn(session, MAILS, first.cursor);
    expect(second.ids.toSorted()).toEqual(providerIds(more));
    expect(second.cursor.length).toBeLessThan(100_000);
    expect((await readOn(session, MAILS, second.cursor)).ids).toEqual([]);
  });

  it('goes on where getUpdated has too many ids to tell', async () => {
    const { session, deliver, begin } = await signIn();
    const head = await headOf(session, MAILS);
    await begin('too_many_ids');
    const came = await deliver(3);
    expect(await session.changedSince!(new Map([['EmailMessage', head]]))).toMatchObject({ changed: true });
    const { ids, cursor } = await readOn(session, MAILS, head);
    expect(ids.toSorted()).toEqual(providerIds(came));
    const more = await deliver(1);
    expect((await readOn(session, MAILS, cursor)).ids).toEqual(providerIds(more));
  });

  it('lists a task that is changed in the second of its head or of its window with its last state', async () => {
    const { session, write } = await signIn();
    await aSecondBegins();
    const { id } = (await (await write('POST', 'sobjects/Task', { Subject: 'Call' })).json()) as { id: string };
    const head = await headOf(session, TASKS);
    const window = { from: new Date(Date.now() - DAY_MS), to: new Date(Date.now() + DAY_MS) };
    const listed = await session.listWindow(TASKS, window, null, 10);
    await write('PATCH', `sobjects/Task/${id}`, { Subject: 'Call Ana' });
    const items: ListedItem[] = [];
    await expect
      .poll(async () => items.push(...(await session.listChanges(TASKS, head, 10)).items), { timeout: 20_000 })
      .toBeGreaterThan(0);
    const subjects: (string | null | undefined)[] = [];
    for await (const task of session.fetchMessages(TASKS, [...listed.items, ...items])) {
      if (task.outcome === 'message') subjects.push(task.envelope?.subject);
    }
    expect(new Set(subjects)).toEqual(new Set(['Call Ana']));
  });
});

describe('a mail that is dated into the future', () => {
  it('lies in the window of its arrival, and in none that ended before', async () => {
    const { session, write } = await signIn();
    const begun = new Date(Math.floor(Date.now() / 1000) * 1000);
    const mail = { Subject: 'From the future', MessageDate: '2199-01-01T00:00:00.000+0000' };
    const { id } = (await (await write('POST', 'sobjects/EmailMessage', mail)).json()) as { id: string };
    const idsIn = async (from: Date, to: Date) =>
      (await session.listWindow(MAILS, { from, to }, null, 10)).items.map(({ providerId }) => providerId);
    expect(await idsIn(begun, new Date(begun.getTime() + DAY_MS))).toEqual([id]);
    expect(await idsIn(new Date(begun.getTime() - DAY_MS), new Date(begun.getTime() - 1000))).toEqual([]);
    const [fetched] = await readAll(session.fetchMessages(MAILS, [{ providerId: id, generation: '' }]));
    expect(fetched?.outcome === 'message' && fetched.receivedAt.getTime() - begun.getTime()).toBeLessThan(60_000);
    expect((await session.newestAt!())!.getTime() - begun.getTime()).toBeLessThan(60_000);
  });
});

describe('pages that Salesforce shortens', () => {
  it('end no listing: changes, a head and a window are read to their end', async () => {
    const { session, deliver, begin } = await signIn();
    const before = await headOf(session, MAILS);
    const earlier = await deliver(8);
    await begin('pages_short');
    const head = await headOf(session, MAILS);
    expect((await readOn(session, MAILS, head)).ids).toEqual([]);
    expect((await readOn(session, MAILS, before)).ids.toSorted()).toEqual(providerIds(earlier));
    const window = { from: new Date(Date.now() - DAY_MS), to: new Date(Date.now() + DAY_MS) };
    const ids: string[] = [];
    for (let position: string | null = null; ;) {
      const page = await session.listWindow(MAILS, window, position, 500);
      ids.push(...page.items.map(({ providerId }) => providerId));
      position = page.position;
      if (position === null) break;
    }
    expect(ids.toSorted()).toEqual(providerIds(earlier));
    const more = await deliver(5);
    expect(await session.changedSince!(new Map([['EmailMessage', head]]))).toMatchObject({ changed: true });
    expect((await readOn(session, MAILS, head)).ids.toSorted()).toEqual(providerIds(more));
  });

  it('bring no task that only logs a mail', async () => {
    const { session, deliver, begin } = await signIn();
    const head = await headOf(session, TASKS);
    await deliver(8);
    const [call] = await deliver(1, { object: 'Task' });
    await aSecondBegins();
    // A page has three tasks, and the one of the mails that they log has two.
    await begin('pages_short');
    const listed = await readOn(session, TASKS, head);
    expect(listed.ids.map((id) => id.replace(/@.*/, ''))).toEqual([call!.provider_id]);
  });
});

describe('a login that may not see the limits of its organization', () => {
  it('is polled, and listed from its head on', async () => {
    const { session, deliver, begin } = await signIn();
    await begin('limits_hidden');
    const head = await headOf(session, MAILS);
    expect((await readHeads(session)).aside).toEqual([]);
    const sent = await deliver(1);
    expect(await session.changedSince!(new Map([['EmailMessage', head]]))).toMatchObject({ changed: true });
    expect((await readOn(session, MAILS, head)).ids).toEqual(providerIds(sent));
  });
});

describe('an object that an organization lacks', () => {
  it.each([
    ['emails_hidden', 'EmailMessage', 'Task'],
    ['tasks_hidden', 'Task', 'EmailMessage'],
  ])('%s: is refused by its name, and the other one is read', async (fault, hidden, given) => {
    const { session, begin, deliver } = await signIn();
    const cursor = await headOf(session, { scope: hidden, name: hidden });
    const standing = await begin(fault);
    const { heads, aside } = await readHeads(session);
    expect(heads.map(({ scope }) => scope)).toEqual([given]);
    expect(aside).toMatchObject([{ scope: hidden, name: hidden, reason: 'refused' }]);
    await session.newestAt!();
    const part = { scope: hidden, name: hidden };
    const window = { from: new Date(0), to: new Date() };
    const items = [{ providerId: '02s000000000001AAA', generation: '' }];
    for (const asking of [
      () => session.listChanges(part, cursor, 10),
      () => session.listWindow(part, window, null, 10),
      () => readAll(session.fetchMessages(part, items)),
    ]) {
      expect(await failureOf(asking())).toBeInstanceOf(PartRefused);
    }
    expect(await session.changedSince!(new Map([[hidden, cursor]]))).toEqual({ changed: true, at: null });
    await deliver(1);
    await end(standing);
    expect((await readHeads(session)).aside).toEqual([]);
  });

  it('both hidden: an administrator has to admit the login', async () => {
    const { session, begin } = await signIn();
    await begin('emails_hidden');
    await begin('tasks_hidden');
    const error = await failureOf(session.headOf(MAILS));
    expect(error).toBeInstanceOf(ProviderError);
    expect(error).not.toBeInstanceOf(PartRefused);
    expect(error.verdict).toMatchObject({ kind: 'admin_action', reason: 'admin_policy_enforced' });
  });
});
