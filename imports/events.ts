import type { Transaction } from '../db/client.ts';
import { insertEvent } from '../db/events/events.ts';
import { readReceipts } from '../db/imports/items.ts';
import type { ImportScopeRow } from '../db/imports/scopes.ts';
import { updateImport } from '../db/imports/imports.ts';
import type { ImportRow } from '../db/imports/imports.ts';
import { skippedCount } from '../domain/receipt.ts';
import type { Receipt } from '../domain/receipt.ts';
import type { EventType } from '../domain/event.ts';
import type { ImportRun } from './import-run.ts';

/** Emitted once per import, and always followed by its end. */
export async function tellOfStart(tx: Transaction, row: ImportRow, now: Date): Promise<void> {
  if (row.told) return;
  await tell(tx, row, 'import.started', {}, now);
  await updateImport(tx, row.id, { told: true });
}

/** Messages were missed from `covered_until` to now; `cause` says why. */
export async function tellOfGap(
  tx: Transaction,
  row: ImportRow,
  cause: 'reauthorized' | 'cursor_expired',
  now: Date,
): Promise<void> {
  await tell(tx, row, 'gap.detected', { gapCause: cause }, now);
}

interface End {
  type: 'import.completed' | 'import.stalled';
  receipt: Receipt;
  /** Folders that could not be listed. */
  aside: readonly Pick<ImportScopeRow, 'scope' | 'name'>[];
}

export async function tellOfEnd(
  tx: Transaction,
  row: ImportRow,
  { type, receipt, aside }: End,
  now: Date,
): Promise<void> {
  const folders = aside.map(({ scope, name }) => name ?? scope);
  await tell(tx, row, type, { ...countsOf(receipt), ...(folders.length > 0 ? { setAside: folders } : {}) }, now);
}

export async function tellOfProgress(run: ImportRun, row: ImportRow): Promise<void> {
  if (!run.beginReport()) return;
  const { context } = run.stretch;
  await context.database.inTenant(row.tenantId, async (tx) => {
    const receipt = (await readReceipts(tx, [row.id])).get(row.id);
    if (!receipt) return;
    const estimate = row.estimate === null ? null : Math.max(row.estimate, receipt.found);
    const progress = { done: receipt.found - receipt.missing, estimate };
    await tell(tx, row, 'import.progress', { progress }, await context.clock.now());
  });
}

function countsOf(receipt: Receipt): Record<string, unknown> {
  return {
    found: receipt.found,
    imported: receipt.imported,
    alreadyHad: receipt.alreadyHad,
    skipped: skippedCount(receipt),
    repaired: receipt.repaired,
    missing: receipt.missing,
  };
}

async function tell(
  tx: Transaction,
  row: ImportRow,
  type: EventType,
  data: Record<string, unknown>,
  at: Date,
): Promise<void> {
  const window = { from: row.windowFrom?.toISOString() ?? null, to: row.windowTo?.toISOString() ?? null };
  await insertEvent(tx, {
    tenantId: row.tenantId,
    channelId: row.channelId,
    type,
    incidentId: null,
    data: { import: row.id, cause: row.cause, window, ...data },
    at,
  });
}
