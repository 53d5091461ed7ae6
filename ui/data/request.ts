/** What becomes of a request that gets no answer. `offline`: the browser says that it has no network. */
export type Silence = 'offline' | 'mooring_unreachable';

/** No answer came: the network is gone, or Mooring has stopped. */
export class NoAnswer extends Error {
  readonly code: Silence;

  constructor() {
    super('no answer');
    this.code = navigator.onLine ? 'mooring_unreachable' : 'offline';
  }
}

/** How long a read may take, in ms; it waits for the database alone. */
const READ_LIMIT_MS = 8_000;
/** How long a change may take, in ms: it may wait for the provider, and a mail server is given 90 s to log in. */
const CHANGE_LIMIT_MS = 100_000;
/** How often a change that waits asks whether Mooring is still there, and how long that may take, in ms. */
const PROBE_EVERY_MS = 4_000;
const PROBE_LIMIT_MS = 4_000;

/**
 * Sends a request and reads its answer whole. Throws `NoAnswer` when none comes: a read after its limit, a change as
 * soon as Mooring does not answer a probe either.
 */
export async function send(
  method: string,
  path: string,
  options: Pick<RequestInit, 'headers' | 'body'>,
): Promise<{ response: Response; text: string }> {
  const isRead = method === 'GET';
  const giveUp = new AbortController();
  const limit = window.setTimeout(() => giveUp.abort(), isRead ? READ_LIMIT_MS : CHANGE_LIMIT_MS);
  const probe = isRead ? undefined : window.setInterval(() => void probeOr(giveUp), PROBE_EVERY_MS);
  try {
    const response = await fetch(path, { ...options, method, credentials: 'same-origin', signal: giveUp.signal });
    return { response, text: await response.text() };
  } catch {
    throw new NoAnswer();
  } finally {
    window.clearTimeout(limit);
    window.clearInterval(probe);
  }
}

async function probeOr(giveUp: AbortController): Promise<void> {
  if (!(await isReachable())) giveUp.abort();
}

/** Whether Mooring answers at all. */
async function isReachable(): Promise<boolean> {
  try {
    return (await fetch('/healthz', { cache: 'no-store', signal: AbortSignal.timeout(PROBE_LIMIT_MS) })).ok;
  } catch {
    return false;
  }
}
