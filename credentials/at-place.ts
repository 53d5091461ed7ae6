import type { Session } from '../providers/contract.ts';
import type { WorkPlace } from './work-places.ts';

/**
 * How each call of a session goes through the place of a stretch; a new one does not compile before it stands here.
 * `asked`: it waits for the provider. `unasked`: it does not wait, it is no part of a stretch, or it ends one.
 */
const CALLS = {
  identify: 'asked',
  verify: 'asked',
  parts: 'asked',
  headOf: 'asked',
  changedSince: 'asked',
  newestAt: 'asked',
  comesAfter: 'unasked',
  walk: 'asked',
  listChanges: 'asked',
  listWindow: 'asked',
  within: 'asked',
  stillThere: 'asked',
  readHeaders: 'asked',
  fetchMessages: 'streamed',
  listen: 'unasked',
  subscribe: 'asked',
  unsubscribe: 'asked',
  close: 'unasked',
} as const satisfies Record<keyof Session, 'asked' | 'streamed' | 'unasked'>;

type Call = (...asked: unknown[]) => unknown;

/** The same session, whose calls go through the stretch's place. A call that the session lacks is lacking here. */
export function atPlace(session: Session, place: WorkPlace): Session {
  const calls = Object.entries(CALLS).flatMap(([name, how]): [string, Call][] => {
    if (how === 'streamed') return [[name, fetchingAt(session, place)]];
    const call = session[name as keyof Session] as Call | undefined;
    if (call === undefined) return [];
    const bound: Call = call.bind(session);
    return [[name, how === 'asked' ? (...asked) => place.ask(async () => bound(...asked)) : bound]];
  });
  return Object.fromEntries(calls) as unknown as Session;
}

/** Each message, and each part of its content, is asked for on its own. */
function fetchingAt(session: Session, place: WorkPlace): Call {
  const fetchMessages: Session['fetchMessages'] = async function* (...asked) {
    for await (const fetched of askedOneByOne(session.fetchMessages(...asked), place)) {
      yield fetched.outcome === 'message' ? { ...fetched, raw: askedOneByOne(fetched.raw, place) } : fetched;
    }
  };
  return fetchMessages as Call;
}

async function* askedOneByOne<Item>(items: AsyncIterable<Item>, place: WorkPlace): AsyncGenerator<Item> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await place.ask(() => iterator.next());
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}
