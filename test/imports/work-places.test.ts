import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { atPlace } from '../../credentials/at-place.ts';
import { Crowded, WorkPlace, WorkPlaces } from '../../credentials/work-places.ts';
import type { Session } from '../../providers/contract.ts';

const never = new AbortController().signal;
const unanswered = () => new Promise<never>(() => {});
const PARTY = { tenantId: 'acme', server: '' };
const placeAt = (places: WorkPlaces, urgent = false, signal = never, party = PARTY) =>
  new WorkPlace(places, { party, urgent, signal });
const placeOf = (places: WorkPlaces, tenantId: string, server = '') =>
  placeAt(places, true, never, { tenantId, server });

test('who is kept waiting gives the place up, and has one again before the answer is worked on', async () => {
  vi.useFakeTimers();
  try {
    const places = new WorkPlaces(1);
    const [first, second] = [placeAt(places), placeAt(places)];
    await first.take();
    const answer = Promise.withResolvers<string>();
    const asked = first.ask(() => answer.promise);
    const seated = second.take();
    await vi.advanceTimersByTimeAsync(5_000);
    await seated;
    answer.resolve('at last');
    let worked = false;
    void asked.then(() => (worked = true));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(worked).toBe(false);
    second.end();
    expect(await asked).toBe('at last');
  } finally {
    vi.useRealTimers();
  }
});

test('a question that hangs gives up the place that another question of the same stretch has taken', async () => {
  vi.useFakeTimers();
  try {
    const places = new WorkPlaces(1);
    const [first, second, third] = [placeAt(places), placeAt(places), placeAt(places)];
    await first.take();
    const late = Promise.withResolvers<string>();
    void first.ask(() => new Promise(() => {}));
    const asked = first.ask(() => late.promise);
    const seated = second.take();
    await vi.advanceTimersByTimeAsync(2_500);
    await seated;
    second.end();
    late.resolve('at last');
    await asked;
    const next = third.take();
    await vi.advanceTimersByTimeAsync(2_500);
    await next;
  } finally {
    vi.useRealTimers();
  }
});

test('urgent stretches, however many, keep no other out for ever', async () => {
  const places = new WorkPlaces(1);
  const holder = placeAt(places);
  await holder.take();
  const order: string[] = [];
  const seat = async (name: string, isUrgent: boolean) => {
    const place = placeAt(places, isUrgent);
    await place.take();
    order.push(name);
    place.end();
  };
  const waiting = [seat('import', false), ...Array.from({ length: 10 }, () => seat('poll', true))];
  holder.end();
  await Promise.all(waiting);
  expect(order.indexOf('import')).toBe(3);
  expect(order).toHaveLength(11);
});

test('who is urgent comes first; who is cancelled queues no more; no place is lost', async () => {
  const places = new WorkPlaces(1);
  const holder = placeAt(places);
  await holder.take();
  const order: string[] = [];
  const cancelled = new AbortController();
  const seat = async (name: string, place: WorkPlace) => {
    await place.take();
    order.push(name);
    place.end();
  };
  const waiting = [
    seat('slow', placeAt(places)),
    seat('cancelled', placeAt(places, true, cancelled.signal)).catch(() => order.push('left')),
    seat('urgent', placeAt(places, true)),
  ];
  cancelled.abort(new Error('cancelled'));
  await sleep(1);
  const ended = placeAt(places, true);
  const late = ended.take(); // a question of a stretch that is over by then
  ended.end();
  holder.end();
  await Promise.all([...waiting, late]);
  expect(order).toEqual(['left', 'urgent', 'slow']);
  await placeAt(places).take();
});

test('tenants take turns, and within a tenant its servers, however much of one waits', async () => {
  const places = new WorkPlaces(1);
  const holder = placeOf(places, 'large', 'one');
  await holder.take();
  const order: string[] = [];
  const seat = async (tenantId: string, server: string) => {
    const place = placeOf(places, tenantId, server);
    await place.take();
    order.push(`${tenantId} ${server}`);
    place.end();
  };
  const large = Array.from({ length: 20 }, () => seat('large', 'one'));
  const others = [seat('large', 'two'), seat('small', 'one'), seat('small', 'one')];
  holder.end();
  await Promise.all([...large, ...others]);
  expect(order.slice(0, 5)).toEqual(['small one', 'large two', 'small one', 'large one', 'large one']);
  expect(order).toHaveLength(23);
});

test('while a share hangs for a tenant at a server, its further stretches are turned away and others are not', async () => {
  vi.useFakeTimers();
  try {
    const places = new WorkPlaces(2, 2);
    const mended = Promise.withResolvers<void>();
    const hanging = Array.from({ length: 2 }, async () => {
      const place = placeOf(places, 'hung', 'dead');
      await place.take();
      await place.ask(() => mended.promise);
      place.end();
    });
    // The first takes the place that one of them gives up.
    const seated = placeOf(places, 'hung', 'dead');
    const waiting = [seated, placeOf(places, 'hung', 'dead'), placeOf(places, 'hung', 'dead')].map((one) => one.take());
    const settled = Promise.allSettled(waiting);
    await vi.advanceTimersByTimeAsync(2_500);
    expect((await settled).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    seated.end();
    await expect(placeOf(places, 'hung', 'dead').take()).rejects.toThrow(Crowded);
    const patient = new WorkPlace(places, {
      party: { tenantId: 'hung', server: 'dead' },
      urgent: true,
      patient: true,
      signal: never,
    });
    for (const place of [placeOf(places, 'hung', 'alive'), placeOf(places, 'other', 'dead'), patient]) {
      await place.take();
      place.end();
    }
    mended.resolve();
    await Promise.all(hanging);
    await placeOf(places, 'hung', 'dead').take();
  } finally {
    vi.useRealTimers();
  }
});

test.each(['identify', 'stillThere', 'newestAt', 'readHeaders', 'fetchMessages'] as const)(
  'a session that hangs in %s gives its place up; calls that it lacks are lacking',
  async (name) => {
    vi.useFakeTimers();
    try {
      const places = new WorkPlaces(1);
      const [first, second] = [placeAt(places), placeAt(places)];
      const hanging = {
        [name]:
          name === 'fetchMessages' ? () => ({ [Symbol.asyncIterator]: () => ({ next: unanswered }) }) : unanswered,
      };
      const session = atPlace(hanging as unknown as Session, first);
      await first.take();
      const call = session[name] as unknown as () => Promise<unknown> | AsyncIterator<unknown>;
      const asked = call();
      if ('next' in asked) void asked.next();
      const seated = second.take();
      await vi.advanceTimersByTimeAsync(2_500);
      await seated;
      expect('changedSince' in session).toBe(false);
    } finally {
      vi.useRealTimers();
    }
  },
);
