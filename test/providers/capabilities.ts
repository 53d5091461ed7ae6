import { expect, it } from 'vitest';
import { readMessageHeaders } from '../../imports/fetching/headers.ts';
import type { ListedItem, ScopeReference, Session } from '../../providers/contract.ts';
import { heads } from './subject.ts';
import type { Account, Subject } from './subject.ts';
import { takeHeads } from '../../credentials/heads.ts';

const NEVER = new AbortController().signal;
const HOUR_MS = 3_600_000;

/** Works with a session of an account, and closes it. */
async function inSession<T>(subject: Subject, account: Account, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await subject.provider().openSession(account.access, NEVER);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** What an adapter says of itself, which shared code rests on. */
export function capabilities(subject: Subject): void {
  it('declares its pace, its quota and the life of its tokens', () => {
    const { capabilities: declared, signIn } = subject.provider();
    expect(declared.pollEveryMs).toBeGreaterThanOrEqual(1_000);
    expect(declared.quota?.unitsPerMinute ?? 1).toBeGreaterThan(0);
    for (const { defaultLifeSeconds } of signIn.oauth) expect(defaultLifeSeconds).toBeGreaterThan(0);
    expect(signIn.oauth.length === 0).toBe(declared.keepAliveMs === null);
  });

  it('lists its parts by names that stay, each with a cursor as of now or a walk to one', async () => {
    const account = await subject.createAccount();
    const [before, after] = [await parts(subject, account), (await account.deliver(1), await parts(subject, account))];
    expect(after).toEqual(before);
    expect(new Set(after).size).toBe(after.length);
    await inSession(subject, account, async (session) => {
      for (const { cursor } of await takeHeads(session))
        expect(cursor !== null || session.walk !== undefined).toBe(true);
    });
  });

  it('lists by date all that its changes tell: the window is the truth', async () => {
    const account = await subject.createAccount();
    const starts = await heads(subject, account);
    const delivered = await account.deliver(7);
    const window = { from: new Date(Date.now() - HOUR_MS), to: new Date(Date.now() + HOUR_MS) };
    await inSession(subject, account, async (session) => {
      for (const { cursor, ...scope } of starts) {
        const told = (await session.listChanges(scope, cursor, 100)).items.map(({ providerId }) => providerId);
        const page = await session.listWindow(scope, window, null, 100);
        const dated = (await session.within?.(scope, page.items, window)) ?? page.items;
        expect(dated.map(({ providerId }) => providerId)).toEqual(expect.arrayContaining(told));
      }
    });
    expect(delivered).toHaveLength(7);
  });

  it('reads what identifies a message as an import reads it, without what is gone', async () => {
    const account = await subject.createAccount();
    const starts = await heads(subject, account);
    const subjectLine = `Grüße, ${'und noch viele weitere Worte '.repeat(5)}`;
    const delivered = [
      ...(await account.deliver(3)),
      ...(await account.deliver(1, { subject: subjectLine })),
      ...(subject.optOuts['large messages'] ? [] : await account.deliver(1, { size: 6_000_000 })),
    ];
    const listed: { scope: ScopeReference; items: ListedItem[] }[] = [];
    await inSession(subject, account, async (session) => {
      expect(session.readHeaders === undefined).toBe(subject.optOuts['headers'] !== undefined);
      if (!session.readHeaders) return;
      const identities: string[] = [];
      for (const { cursor, ...scope } of starts) {
        const { items } = await session.listChanges(scope, cursor, 100);
        if (items.length === 0) continue;
        const whole = await identitiesOf(session, scope, items);
        expect((await identitiesIn(await session.readHeaders(scope, items))).toSorted()).toEqual(whole.toSorted());
        identities.push(...whole);
        listed.push({ scope, items });
      }
      expect(new Set(identities).size).toBe(delivered.length);
    });
    await account.remove(delivered[0]!.provider_id);
    // A session may see its mailbox as it was.
    await inSession(subject, account, async (session) => {
      for (const { scope, items } of listed)
        expect(await session.readHeaders?.(scope, items)).toHaveLength(items.length - 1);
    });
  });

  it('subscribes, renews and ends, also what has ended, where it pushes', async () => {
    const { push } = subject.provider().capabilities;
    expect(push === null).toBe(subject.optOuts['push'] !== undefined);
    if (push === null) return;
    const account = await subject.createAccount();
    await inSession(subject, account, async (session) => {
      const first = await session.subscribe?.(null);
      const renewed = await session.subscribe?.(first?.reference ?? null);
      expect(renewed?.reference).toBe(first?.reference);
      expect(renewed?.expiresAt.getTime()).toBeGreaterThan(Date.now() + push.renewEveryMs);
      for (const reference of [renewed?.reference, renewed?.reference]) await session.unsubscribe?.(reference ?? null);
    });
  });
}

async function identitiesOf(session: Session, scope: ScopeReference, items: ListedItem[]): Promise<string[]> {
  const beginnings: Uint8Array[] = [];
  for await (const fetched of session.fetchMessages(scope, items)) {
    if (fetched.outcome !== 'message') throw new Error(fetched.outcome);
    const chunks: Uint8Array[] = [];
    for await (const chunk of fetched.raw) chunks.push(chunk);
    beginnings.push(Buffer.concat(chunks));
  }
  return await identitiesIn(beginnings);
}

async function identitiesIn(beginnings: Uint8Array[]): Promise<string[]> {
  const read = await Promise.all(beginnings.map((beginning) => readMessageHeaders(beginning)));
  return read.map(({ identity }) => identity ?? 'none');
}

async function parts(subject: Subject, account: Account): Promise<string[]> {
  return inSession(subject, account, async (session) =>
    (await takeHeads(session)).map(({ scope }) => scope).toSorted(),
  );
}
