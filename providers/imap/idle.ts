import type { ImapConnection } from './client.ts';

/**
 * IDLE is broken and begun again after this: address translators forget silent connections, servers close them at 30
 * min.
 */
const QUIET_MS = 5 * 60_000;
/** An IDLE that ends sooner was not meant: without this a server that refuses it would be asked without end. */
const SOON_MS = 1_000;

/**
 * Holds the inbox open and calls `heard` when the server says that its messages have changed (RFC 2177), once at the
 * beginning too: IDLE does not report what came before it. Ends with the signal, or throws with the
 * connection. `unsupported`: the server has no IDLE, and asking it again and again is what polls do already.
 */
export async function listenToInbox(
  connection: ImapConnection,
  heard: () => void,
  signal: AbortSignal,
): Promise<'ended' | 'unsupported'> {
  const { flow } = connection;
  if (!flow.capabilities.has('IDLE')) return 'unsupported';
  return connection.run<'ended'>('import', async () => {
    await flow.mailboxOpen('INBOX', { readOnly: true });
    connection.expectSilence(QUIET_MS);
    flow.on('exists', heard);
    heard();
    while (!signal.aborted) {
      const beganAtMs = performance.now();
      const idled = await flow.idle();
      const unmeant = performance.now() - beganAtMs < SOON_MS && !signal.aborted;
      if (idled === false || unmeant) throw connection.swallowed('import');
    }
    return 'ended';
  });
}
