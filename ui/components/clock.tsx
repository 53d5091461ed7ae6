import { useSyncExternalStore } from 'react';
import { serverNow } from '../data/client.ts';
import { ago, ahead, exact, moment, refreshWords } from '../words/time.ts';

const listeners = new Set<() => void>();
let timer: number | undefined;

/** One tick a second for everything that shows a time; none while nothing does. */
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= window.setInterval(() => listeners.forEach((tell) => tell()), 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    window.clearInterval(timer);
    timer = undefined;
  };
}

/** What `say` makes of the time now; the component renders again only when that changes. */
export function useTime<T extends string | number>(say: (nowMs: number) => T): T {
  return useSyncExternalStore(subscribe, () => say(serverNow()));
}

interface TimeProps {
  at: string | null;
  /** What stands there when there is no time yet. */
  none?: string;
}

/** `3 min ago`, with the exact time on hover. */
export function Ago({ at, none = 'never' }: TimeProps) {
  const words = useTime((now) => (at === null ? none : ago(at, now)));
  return at === null ? <span>{none}</span> : <TimeWords at={at} words={words} />;
}

/** `in 18 s`, with the exact time on hover. */
export function Ahead({ at, none = 'not planned' }: TimeProps) {
  const words = useTime((now) => (at === null ? none : ahead(at, now)));
  return at === null ? <span>{none}</span> : <TimeWords at={at} words={words} />;
}

/** `refreshes in 18 s`, or that it is late. */
export function RefreshTime({ at }: { at: string }) {
  return <TimeWords at={at} words={useTime((now) => refreshWords(at, now))} />;
}

/** `14:02`, or `3 May, 14:02`: a time people compare with their own mailbox. */
export function Moment({ at, seconds = false }: { at: string; seconds?: boolean }) {
  const words = useTime((now) => moment(at, now, seconds));
  return <TimeWords at={at} words={words} />;
}

/** Never announced by itself: an alert around it would be read out again with every tick. */
function TimeWords({ at, words }: { at: string; words: string }) {
  return (
    <time aria-live="off" dateTime={at} title={exact(at)}>
      {words}
    </time>
  );
}
