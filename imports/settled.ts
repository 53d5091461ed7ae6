import { setTimeout as sleep } from 'node:timers/promises';
import { turnSettler } from '../db/across-tenants/settler.ts';
import { isImportSettled } from '../db/messages/message-feed.ts';
import type { Stretch } from './import-run.ts';

/** A settler's turn takes milliseconds; the process's own is woken by the import's commits. */
const PATIENCE_MS = 15_000;
const PAUSE_MS = 10;
/** Then the import takes a turn itself. */
const OTHERS_MS = 60;
const ROWS_PER_TURN = 1_000;

/**
 * Waits until the feed shows every message of an import: what its end tells of is there when it is told. Throws after 15 s;
 * the slice is then repeated.
 */
export async function awaitSettled({ context, channel, importId, signal }: Stretch): Promise<void> {
  const { database, clock } = context;
  const options = { clock, limit: ROWS_PER_TURN, from: { messages: 0n, events: 0n } };
  const beganAtMs = performance.now();
  while (!(await database.inTenant(channel.tenantId, (tx) => isImportSettled(tx, importId)))) {
    signal.throwIfAborted();
    const sinceMs = performance.now() - beganAtMs;
    if (sinceMs > PATIENCE_MS) throw new Error(`The feed shows not all messages of import ${importId} yet`);
    const turn = sinceMs > OTHERS_MS ? await turnSettler(database, options) : null;
    if (!turn?.settled) await sleep(PAUSE_MS);
  }
}
