import { useSyncExternalStore } from 'react';
import type { Live } from '../data/live.ts';
import { Moment } from './clock.tsx';
import { Notice } from './notice.tsx';

/** Whether the browser has a network; a Mooring on the same machine needs none. */
export function useOnline(): boolean {
  return useSyncExternalStore(subscribe, () => navigator.onLine);
}

function subscribe(changed: () => void): () => void {
  for (const change of ['online', 'offline']) window.addEventListener(change, changed);
  return () => {
    for (const change of ['online', 'offline']) window.removeEventListener(change, changed);
  };
}

/** Says that the pages have stopped following what happens, since when, and that no one has to do anything. */
export function OutOfTouch({ live }: { live: Live }) {
  const online = useOnline();
  if (live.state !== 'silent') return null;
  return (
    <div className="out-of-touch">
      <Notice tone="warn" title={online ? 'Mooring does not answer' : 'You are offline'}>
        What you see is from <Moment at={new Date(live.heardAt).toISOString()} seconds /> and may be old. This page goes
        on by itself once the connection is back.
      </Notice>
    </div>
  );
}
