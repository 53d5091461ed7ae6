import type { ImapConnection } from './client.ts';

/**
 * IDLE is broken after this, and the other folders are asked for: it tells of the inbox alone. Address translators forget
 * silent connections as well, and servers close them at 30 min.
 */
export const QUIET_MS = 2 * 60_000;
/** An IDLE that ends sooner was not meant: without this a server that refuses it would be asked without end. */
const SOON_MS = 1_000;

/**
 * Holds the inbox open and calls `heard` when the server says that its messages have changed (RFC 2177), or when the
 * folders stand elsewhere than at the last time, and once at the beginning: IDLE does not report what came before it. Ends with the signal, or throws with the
 * connection. `unsupported`: the server has no IDLE, and asking it again and again is what polls do already.
 */
export async function listenToInbox(
  connection: ImapConnection,
  heard: () => void,
  signal: AbortSignal,
  { readPositions, quietMs }: { readPositions: () => Promise<string>; quietMs: number },
): Promise<'ended' | 'unsupported'> {
  const { flow } = connection;
  if (!flow.capabilities.has('IDLE')) return 'unsupported';
  return connection.run<'ended'>('import', async () => {
    await flow.mailboxOpen('INBOX', { readOnly: true });
    let positions = await readPositions();
    connection.expectSilence(quietMs);
    flow.on('exists', heard);
    heard();
    while (!signal.aborted) {
      const beganAtMs = performance.now();
      const idled = await flow.idle();
      const unmeant = performance.now() - beganAtMs < SOON_MS && !signal.aborted;
      if (idled === false || unmeant) throw connection.swallowed('import');
      if (signal.aborted) break;
      const now = await readPositions();
      if (now !== positions) heard();
      positions = now;
    }
    return 'ended';
  });
}
