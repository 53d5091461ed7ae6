import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { WorkPlace, WorkPlaces } from '../../credentials/work-places.ts';

const never = new AbortController().signal;
const placeAt = (places: WorkPlaces, urgent = false, signal = never) => new WorkPlace(places, { urgent, signal });

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
