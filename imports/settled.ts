import { setTimeout as sleep } from 'node:timers/promises';
import { turnSettler } from '../db/across-tenants/settler.ts';
import { isImportSettled } from '../db/messages/message-feed.ts';
import type { Stretch } from './import-run.ts';

/** A settler's turn takes milliseconds, and the process's own is woken by the import's commits; then the import takes a turn. */
const PAUSES_MS = [15, 45];
const LONGER_PAUSE_MS = 50;
const PATIENCE_MS = 15_000;
const ROWS_PER_TURN = 1_000;

/**
 * Waits until the feed shows every message of an import: what its end tells of is there when it is told. Throws after 15 s;
 * the slice is then repeated.
 */
export async function awaitSettled(stretch: Stretch): Promise<void> {
  for (const pauseMs of PAUSES_MS) {
    if (await isSettled(stretch)) return;
    await sleep(pauseMs, undefined, { signal: stretch.signal });
  }
  const endsAtMs = performance.now() + PATIENCE_MS;
  const { database, clock } = stretch.context;
  const options = { clock, limit: ROWS_PER_TURN, from: { messages: 0n, events: 0n } };
  while (!(await isSettled(stretch))) {
    if (performance.now() > endsAtMs) throw new Error(`The feed shows not all messages of ${stretch.importId} yet`);
    const turn = await turnSettler(database, options);
    if (!turn?.settled) await sleep(LONGER_PAUSE_MS, undefined, { signal: stretch.signal });
  }
}

const isSettled = ({ context, channel, importId }: Stretch) =>
  context.database.inTenant(channel.tenantId, (tx) => isImportSettled(tx, importId));
