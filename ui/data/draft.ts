import { useEffect, useState } from 'react';
import { useBlocker } from 'react-router';

const PREFIX = 'mooring.draft.';

interface Kept<T> {
  /** What the server had when the draft began. */
  base: T;
  draft: T;
}

export interface Draft<T> {
  value: T;
  isDirty: boolean;
  /** The server has something else by now than what the draft began from. */
  isOutdated: boolean;
  /** The draft is of an earlier visit that did not save it. */
  isRestored: boolean;
  change: (part: Partial<T>) => void;
  /** Back to what the server has. */
  discard: () => void;
  /** The server took `sent` and has `stored` now; what was typed since stays. */
  settle: (sent: T, stored: T) => void;
}

/**
 * What a person enters into a form until the server has taken it. The tab keeps it, so that neither a refused save nor a
 * session that ends nor a reload loses it.
 * @param stored what the server has now
 */
export function useDraft<T extends object>(name: string, stored: T): Draft<T> {
  const key = PREFIX + name;
  const [restored] = useState(() => readDraft<T>(key));
  const [kept, setKept] = useState<Kept<T>>(restored ?? { base: stored, draft: stored });
  const isDirty = !isSame(kept.base, kept.draft);
  const isStale = !isSame(kept.base, stored);
  useEffect(() => {
    if (isStale && !isDirty) setKept({ base: stored, draft: stored });
  }, [isStale, isDirty, stored]);
  useEffect(() => {
    if (isDirty) sessionStorage.setItem(key, JSON.stringify(kept));
    else sessionStorage.removeItem(key);
  }, [key, kept, isDirty]);
  return {
    value: kept.draft,
    isDirty,
    isOutdated: isStale && isDirty,
    isRestored: restored !== null && isDirty && isSame(kept.draft, restored.draft),
    change: (part) => setKept((before) => ({ ...before, draft: { ...before.draft, ...part } })),
    discard: () => setKept({ base: stored, draft: stored }),
    settle: (sent, answer) =>
      setKept((before) => ({ base: answer, draft: isSame(before.draft, sent) ? answer : before.draft })),
  };
}

/** Asks before a page with unsaved changes is left. Links of this app are blocked; the browser asks for all others. */
export function useLeaveGuard(isDirty: boolean) {
  useEffect(() => {
    if (!isDirty) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [isDirty]);
  return useBlocker(
    ({ currentLocation, nextLocation }) => isDirty && currentLocation.pathname !== nextLocation.pathname,
  );
}

/** Drafts name people, so they end with the session of the person who wrote them. */
export function forgetDrafts(): void {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
}

function readDraft<T>(key: string): Kept<T> | null {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? 'null') as Kept<T> | null;
  } catch {
    return null;
  }
}

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
