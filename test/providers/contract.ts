import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { VerdictKind } from '../../domain/verdict.ts';
import { ProviderError } from '../../domain/verdict.ts';
import type { FetchedMessage, ListedItem, ScopeReference, Session } from '../../providers/contract.ts';
import { capabilities } from './capabilities.ts';
import { heads, open } from './subject.ts';
import type { Account, Position, Subject } from './subject.ts';
import type { Delivered } from './stage.ts';
import { takeHeads } from '../../credentials/heads.ts';

/** What every adapter must do, over the wire. */
export function conformance(name: string, subject: Subject): void {
  describe(`${name} keeps the provider contract`, () => {
    capabilities(subject);
    listings(subject);
    fetches(subject);
    if (subject.optOuts['large messages'] === undefined) largeMessages(subject);
    if (subject.optOuts['failures of the provider'] === undefined) failures(subject);
  });
}

/** Everything after the cursors, page by page, in a new session for every page when `reconnect` is set. */
async function readChanges(
  subject: Subject,
  account: Account,
  positions: Position[],
  { limit = 100, reconnect = false } = {},
): Promise<{ items: (ListedItem & ScopeReference)[]; positions: Position[] }> {
  const items: (ListedItem & ScopeReference)[] = [];
  const ended: Position[] = [];
  let session = await open(subject, account);
  for (const { cursor: start, ...scope } of positions) {
    let cursor = start;
    for (let more = true; more;) {
      const page = await session.listChanges(scope, cursor, limit);
      expect(page.items.length).toBeLessThanOrEqual(limit);
      items.push(...page.items.map((item) => ({ ...item, ...scope })));
      ({ cursor, more } = page);
      if (!reconnect) continue;
      await session.close();
      session = await open(subject, account);
    }
    ended.push({ ...scope, cursor });
  }
  await session.close();
  return { items, positions: ended };
}

async function readWindow(subject: Subject, account: Account, from: Date, to: Date, limit = 100): Promise<string[]> {
  const session = await open(subject, account);
  const ids: string[] = [];
  for (const scope of await takeHeads(session)) {
    for (let position: string | null = null, first = true; first || position !== null; first = false) {
      const page: Awaited<ReturnType<Session['listWindow']>> = await session.listWindow(
        scope,
        { from, to },
        position,
        limit,
      );
      expect(page.items.length).toBeLessThanOrEqual(limit);
      const items = (await session.within?.(scope, page.items, { from, to })) ?? page.items;
      ids.push(...items.map(({ providerId }) => providerId));
      position = page.position;
    }
  }
  await session.close();
  return ids;
}

function listings(subject: Subject): void {
  it('says who is signed in, the same in every session', async () => {
    const [one, other] = [await subject.createAccount(), await subject.createAccount()];
    const identities = [];
    for (const account of [one, one, other]) {
      const session = await open(subject, account);
      identities.push(await session.identify());
      await session.close();
    }
    const [first, again, second] = identities;
    expect(first?.account.email).toBe(one.email);
    expect(first?.proved).toContain(one.email);
    expect(first?.vouchesForAddress).toBe(subject.vouchesForAddress);
    // Two functions are never equal.
    expect({ ...again, readsAlike: null }).toEqual({ ...first, readsAlike: null });
    expect(second?.account.providerId).not.toBe(first?.account.providerId);
    expect(second?.mailboxKey).not.toBe(first?.mailboxKey);
    expect(second?.grantKey).not.toBe(first?.grantKey);
    expect(`${first?.mailboxKey} ${first?.grantKey}`).not.toContain(one.secret);
  });

  it('takes a head after which nothing is new, and knows an empty mailbox', async () => {
    const account = await subject.createAccount();
    const empty = await heads(subject, account);
    expect((await readChanges(subject, account, empty)).items).toEqual([]);
    await account.deliver(3);
    const positions = await heads(subject, account);
    expect((await readChanges(subject, account, positions)).items).toEqual([]);
    expect((await readChanges(subject, account, empty)).items).toHaveLength(3);
  });

  it('lists what came after the cursor once, in pages whose cursors can be continued in another session', async () => {
    const account = await subject.createAccount();
    await account.deliver(4);
    const positions = await heads(subject, account);
    const delivered = await account.deliver(23);
    const { items, positions: after } = await readChanges(subject, account, positions, { limit: 5, reconnect: true });
    expect(items.map(({ providerId }) => providerId).sort()).toEqual(delivered.map(subject.idOf).sort());
    expect((await readChanges(subject, account, after)).items).toEqual([]);
    const later = await account.deliver(1);
    const next = await readChanges(subject, account, after);
    expect(next.items.map(({ providerId }) => providerId)).toEqual(later.map(subject.idOf));
  });

  it('misses nothing that arrives while the pages are read', async () => {
    const account = await subject.createAccount();
    const positions = await heads(subject, account);
    const delivered = await account.deliver(9);
    const session = await open(subject, account);
    const seen = new Set<string>();
    for (const { cursor: start, ...scope } of positions) {
      let cursor = start;
      for (let page = 0, more = true; more || page < 6; page++) {
        const changes = await session.listChanges(scope, cursor, 2);
        for (const { providerId } of changes.items) seen.add(providerId);
        ({ cursor, more } = changes);
        if (scope.scope === positions[0]?.scope && page < 4) delivered.push(...(await account.deliver(1)));
      }
    }
    await session.close();
    expect([...seen].sort()).toEqual(delivered.map(subject.idOf).sort());
  });

  it('lists a window by the date of arrival, with any page size', async () => {
    const account = await subject.createAccount();
    for (const date of [day('08T23:00:00'), day('12T00:30:00')]) await account.deliver(2, { date });
    const within: Delivered[] = [];
    for (const date of [day('09T00:00:10'), day('10T12:00:00'), day('11T23:59:50')]) {
      within.push(...(await account.deliver(3, { date })));
    }
    const [from, to] = [new Date(day('09T00:00:00')), new Date(day('12T00:00:00'))];
    for (const limit of [100, 2]) {
      const ids = await readWindow(subject, account, from, to, limit);
      expect(ids.sort()).toEqual(within.map(subject.idOf).sort());
    }
    expect(await readWindow(subject, account, new Date('2020-01-01'), new Date('2020-02-01'))).toEqual([]);
  });

  it('imports every folder but Trash, Spam and Drafts', async () => {
    const account = await subject.createAccount();
    await account.deliver(1, { folder: 'Projects' });
    const positions = await heads(subject, account);
    const [own] = await account.deliver(1, { folder: 'Projects' });
    for (const folder of subject.excludedFolders) await account.deliver(1, { folder });
    const { items } = await readChanges(subject, account, [...positions]);
    expect(items.map(({ providerId }) => providerId)).toEqual(own ? [subject.idOf(own)] : []);
    const now = Date.now();
    expect(await readWindow(subject, account, new Date(now - 3600_000), new Date(now + 3600_000))).toHaveLength(2);
  });

  it('says so when the cursor is no longer known', async () => {
    const account = await subject.createAccount();
    await account.deliver(1);
    const [position] = await heads(subject, account);
    await account.deliver(1);
    await account.fault(subject.cursorExpiry);
    const session = await open(subject, account);
    if (!position) throw new Error('no scope');
    await expectVerdict(session.listChanges(position, position.cursor, 10), 'cursor_expired');
    await expectVerdict(session.listChanges(position, 'not a cursor', 10), 'cursor_expired');
    // A question that refused would never come to the listing, which says so.
    for (const cursor of [position.cursor, 'not a cursor']) {
      const told = await session.changedSince?.(new Map([[position.scope, cursor]]));
      expect(told?.changed ?? true).toBe(true);
    }
    await session.close();
  });
}

/** An instant in March 2026. */
function day(text: string): string {
  return `2026-03-${text}Z`;
}

async function readAll(session: Session, items: (ListedItem & ScopeReference)[]): Promise<FetchedMessage[]> {
  const outcomes: FetchedMessage[] = [];
  for (const scope of new Set(items.map((item) => item.scope))) {
    const inScope = items.filter((item) => item.scope === scope);
    for await (const outcome of session.fetchMessages({ scope, name: inScope[0]?.name ?? null }, inScope)) {
      outcomes.push(outcome.outcome === 'message' ? { ...outcome, raw: held(await bytesOf(outcome.raw)) } : outcome);
    }
  }
  return outcomes;
}

async function bytesOf(raw: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of raw) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* held(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function fetches(subject: Subject): void {
  it('fetches every message with its date and folder, also the malformed ones', async () => {
    const account = await subject.createAccount();
    const positions = await heads(subject, account);
    const date = '2026-04-05T06:07:08.000Z';
    const delivered = [
      ...(await account.deliver(60, { date })),
      ...(subject.optOuts['malformed messages'] ? [] : await account.deliver(2, { date, malformed: true })),
    ];
    const { items } = await readChanges(subject, account, positions);
    const session = await open(subject, account);
    const outcomes = await readAll(session, items);
    await session.close();
    expect(outcomes).toHaveLength(delivered.length);
    for (const outcome of outcomes) {
      if (outcome.outcome !== 'message') throw new Error(`${outcome.outcome} instead of a message`);
      expect(outcome.receivedAt.toISOString()).toBe(date);
      expect(outcome.folder).toBe(subject.inbox ?? 'INBOX');
      expect(outcome.mediaType).toBe('message/rfc822');
      const raw = await bytesOf(outcome.raw);
      const expected = delivered.find((message) => subject.idOf(message) === outcome.item.providerId);
      expect(raw.toString('latin1')).toContain(`Message-ID: ${expected?.message_id}`);
      expect(raw.length).toBe(outcome.sizeEstimate);
    }
  });

  it('reports what vanished between listing and fetching', async () => {
    const account = await subject.createAccount();
    const positions = await heads(subject, account);
    const delivered = await account.deliver(4);
    const { items } = await readChanges(subject, account, positions);
    for (const message of delivered.slice(0, 2)) await account.remove(message.provider_id);
    const session = await open(subject, account);
    const outcomes = await readAll(session, items);
    await session.close();
    const gone = outcomes.filter((outcome) => outcome.outcome === 'skipped' && outcome.reason === 'gone');
    expect(gone.map(({ item }) => item.providerId).sort()).toEqual(delivered.slice(0, 2).map(subject.idOf).sort());
    expect(outcomes).toHaveLength(4);
  });

  it('can be left in the middle of a fetch', async () => {
    const account = await subject.createAccount();
    const positions = await heads(subject, account);
    await account.deliver(12);
    const { items } = await readChanges(subject, account, positions);
    const session = await open(subject, account);
    const [scope] = positions;
    if (!scope) throw new Error('no scope');
    for await (const outcome of session.fetchMessages(scope, items)) {
      expect(outcome.outcome).toBe('message');
      break;
    }
    expect((await session.listChanges(scope, scope.cursor, 100)).items).toHaveLength(12);
    await session.close();
  });
}

function largeMessages(subject: Subject): void {
  it('streams a large message in parts', async () => {
    const account = await subject.createAccount();
    const positions = await heads(subject, account);
    const [small, large] = [...(await account.deliver(1)), ...(await account.deliver(1, { size: 15_000_001 }))];
    const { items } = await readChanges(subject, account, positions);
    expect(items).toHaveLength(2);
    const session = await open(subject, account);
    const sizes = new Map<string, { total: number; largest: number; head: string }>();
    for await (const outcome of session.fetchMessages({ ...items[0] } as ScopeReference, items)) {
      if (outcome.outcome !== 'message') throw new Error(outcome.outcome);
      const size = { total: 0, largest: 0, head: '' };
      for await (const chunk of outcome.raw) {
        size.total += chunk.length;
        size.largest = Math.max(size.largest, chunk.length);
        if (size.head.length < 2000) size.head += Buffer.from(chunk.subarray(0, 2000)).toString('latin1');
      }
      sizes.set(outcome.item.providerId, size);
    }
    await session.close();
    expect(sizes.size).toBe(2);
    const read = large && sizes.get(subject.idOf(large));
    expect(Math.abs((read?.total ?? 0) - 15_000_001)).toBeLessThan(100);
    expect(read?.largest).toBeLessThan(2 * 1024 * 1024);
    expect(read?.head).toContain(large?.message_id);
    expect(small && sizes.get(subject.idOf(small))?.total).toBeGreaterThan(0);
  });
}

export async function failureOf(work: Promise<unknown>): Promise<ProviderError> {
  const error: unknown = await work.then(
    () => new Error('it succeeded'),
    (error: unknown) => error,
  );
  if (!(error instanceof ProviderError)) throw error as Error;
  return error;
}

async function expectVerdict(work: Promise<unknown>, kind: VerdictKind): Promise<ProviderError> {
  const error = await failureOf(work);
  expect(error.verdict.kind).toBe(kind);
  return error;
}

/** Opens a session and uses it, as any job would. */
async function useSession(subject: Subject, account: Account): Promise<void> {
  const session = await open(subject, account);
  try {
    await session.identify();
    await takeHeads(session);
  } finally {
    await session.close();
  }
}

function failures(subject: Subject): void {
  const cases: { fault: string; more?: Record<string, unknown>; expected: VerdictKind }[] = [
    { fault: 'unavailable', expected: 'transient' },
    { fault: 'rubbish', expected: 'transient' },
    { fault: 'cut_connection', more: { after: 'request' }, expected: 'transient' },
    { fault: 'cut_connection', more: { after: 'processing' }, expected: 'transient' },
    { fault: 'rate_limited', more: { retry_after_s: 7 }, expected: 'rate_limited' },
  ];
  for (const { fault, more, expected } of cases) {
    it(`calls ${fault} ${Object.values(more ?? {}).join(' ')} ${expected}, and gives no secret away`, async () => {
      const account = await subject.createAccount();
      await useSession(subject, account);
      await account.fault(fault, more);
      const error = await expectVerdict(useSession(subject, account), expected);
      expect(`${error.message}${error.stack}${inspect(error, { depth: 9 })}`).not.toContain(account.secret);
    });
  }

  it('throws the reason of an abort as it is', async () => {
    const account = await subject.createAccount();
    await account.fault('slow', { ms: 20_000 });
    const controller = new AbortController();
    const reason = new Error('the worker shuts down');
    setTimeout(() => controller.abort(reason), 200);
    const startedAt = performance.now();
    const work = open(subject, account, controller.signal).then((session) => takeHeads(session));
    await expect(work).rejects.toBe(reason);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    await expect(open(subject, account, AbortSignal.abort(reason)).then((session) => takeHeads(session))).rejects.toBe(
      reason,
    );
  });
}
