import { setTimeout as sleep } from 'node:timers/promises';
import { turnSettler } from '../db/across-tenants/settler.ts';
import { isImportSettled } from '../db/messages/message-feed.ts';
import type { Context } from '../runtime/context.ts';

/** A settler's turn takes milliseconds. */
const PATIENCE_MS = 15_000;
const PAUSE_MS = 10;
const ROWS_PER_TURN = 1_000;

/**
 * Waits until the feed shows every message of an import, and settles them itself if it has to: what an import's end tells of
 * is there when it is told. Throws after 15 s; the slice is then repeated.
 */
export async function awaitSettled(
  { database, clock }: Pick<Context, 'database' | 'clock'>,
  { tenantId, importId }: { tenantId: string; importId: string },
): Promise<void> {
  const endsAtMs = performance.now() + PATIENCE_MS;
  const options = { clock, limit: ROWS_PER_TURN, from: { messages: 0n, events: 0n } };
  while (!(await database.inTenant(tenantId, (tx) => isImportSettled(tx, importId)))) {
    if (performance.now() > endsAtMs) throw new Error(`The feed shows not all messages of import ${importId} yet`);
    const turn = await turnSettler(database, options);
    if (!turn) await sleep(PAUSE_MS);
  }
}
