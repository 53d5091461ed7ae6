/** How long a POST without an answer keeps its key: a person who presses the button later wants it done anew. */
const KEPT_MS = 120_000;

interface Kept {
  key: string;
  at: number;
}

/** The keys of POSTs whose outcome is not known, by what they ask for. */
const unanswered = new Map<string, Kept>();

/**
 * The `Idempotency-Key` of a POST. One that got no answer is repeated under the same key, so the server does it once,
 * however often a person presses the button.
 */
export function keyFor(asked: string): string {
  const kept = unanswered.get(asked);
  const key = kept && Date.now() - kept.at < KEPT_MS ? kept.key : newKey();
  unanswered.set(asked, { key, at: Date.now() });
  return key;
}

/** The outcome is known: the next POST of this kind is another one. */
export function forgetKey(asked: string): void {
  unanswered.delete(asked);
}

/** `crypto.randomUUID` is missing where the page comes over plain HTTP from another machine. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
