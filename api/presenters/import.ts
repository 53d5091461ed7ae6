import type { ImportReceipt } from '../../db/imports/receipts.ts';
import { isoOrNull } from './time.ts';
import type { Import } from '../schemas/imports.ts';

/** An import as the API shows it; its receipt once it is completed. */
export function presentImport({ row, counts, setAside }: ImportReceipt): Import {
  const { found, imported, alreadyHad, repaired, missing, skipped } = counts;
  const goesOn = row.state === 'running' || row.owed;
  const guess = row.estimate === null ? null : Math.max(row.estimate, found);
  return {
    id: row.id,
    channel: row.channelId,
    state: row.state === 'running' && row.stalledAt !== null ? 'stalled' : row.state,
    cause: row.cause,
    window: { from: isoOrNull(row.windowFrom), to: isoOrNull(row.windowTo) },
    found,
    imported,
    already_had: alreadyHad,
    repaired,
    missing,
    compared: row.compared,
    replaying: row.replaying,
    set_aside: setAside.map(({ scope, name, reason, count, since, retryAt }) => ({
      folder: name ?? scope,
      reason,
      count,
      since: since.toISOString(),
      retry_at: retryAt.toISOString(),
    })),
    skipped,
    progress: { done: found - missing, estimate: goesOn ? guess : found },
    started_at: row.startedAt.toISOString(),
    completed_at: goesOn ? null : isoOrNull(row.completedAt),
  };
}
