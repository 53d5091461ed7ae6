import { lockChannel, updateChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import { readReceipts } from '../db/imports/items.ts';
import { listImportScopes } from '../db/imports/scopes.ts';
import type { ImportScopeRow } from '../db/imports/scopes.ts';
import {
  deleteImport,
  findImport,
  findLastAudited,
  isUnderWay,
  listRunningImports,
  updateImport,
} from '../db/imports/imports.ts';
import type { ImportRow } from '../db/imports/imports.ts';
import { endReplay, quarantineInterrupted } from '../db/imports/quarantine.ts';
import { isAside, listSetAside } from '../db/imports/set-aside.ts';
import { quarantinedCount, receiptOf } from '../domain/receipt.ts';
import type { Receipt } from '../domain/receipt.ts';
import { keepStates } from './audit-states.ts';
import { needsComparison } from './listing/comparison.ts';
import { PARSER_VERSION } from './fetching/headers.ts';
import { tellOfEnd } from './events.ts';
import { earliest, later, latest } from './heads.ts';
import { isRoutine, requireSameAccess } from './import-run.ts';
import { isWhole } from './news.ts';
import { awaitSettled } from './settled.ts';
import type { Stretch } from './import-run.ts';

/**
 * Ends an import when every part is listed and settled: as completed, or as stalled when a listed message is neither
 * stored nor accounted for. Only this function moves *covered until*. It does nothing when a reauthorization has just
 * reopened the import.
 */
export async function finishImport(stretch: Stretch): Promise<void> {
  const { context, channel, importId } = stretch;
  await awaitSettled(stretch);
  await context.database.inTenant(channel.tenantId, async (tx) => {
    const locked = await lockChannel(tx, channel.id);
    if (locked) requireSameAccess(stretch, locked);
    const row = locked && (await findImport(tx, importId));
    if (!locked || !row || !isUnderWay(row)) return;
    const now = await context.clock.now();
    await quarantineInterrupted(tx, importId, { now, parserVersion: PARSER_VERSION });
    if (row.replaying) return endOfReplay(tx, row, now);
    const scopes = await listImportScopes(tx, importId);
    const aside = scopes.filter(isAside);
    const toCompare = needsComparison(row, scopes);
    const left = scopes.filter(({ state }) => state === 'listing' || (toCompare && state === 'comparing'));
    if (left.some((scope) => !aside.includes(scope)) || (row.owed && aside.length > 0)) return;
    const receipt = (await readReceipts(tx, [importId])).get(importId);
    if (!receipt) throw new Error(`Import ${importId} has no receipt`);
    const state = receipt.missing === 0 && aside.length === 0 ? 'completed' : 'stalled';
    const compared = toCompare && aside.length === 0;
    const windowTo = row.windowTo ?? latest(scopes.flatMap(({ headAt }) => headAt ?? [])) ?? stretch.headsAt;
    const ended = { owed: false, stalledAt: null, completedAt: now, failures: 0 };
    await updateImport(tx, importId, { ...ended, state, windowTo, compared });
    if (row.audit) await keepStates(tx, stretch, row, scopes);
    if (state === 'completed' && !row.told && isUnremarkable(row, receipt)) await deleteImport(tx, importId);
    else if (isTold(row, state)) {
      await tellOfEnd(tx, { ...row, windowTo }, { type: `import.${state}`, receipt, aside }, now);
    }
    await updateChannel(tx, channel.id, {
      importState: await importStateOf(tx, channel.id),
      ...((await isCovered(tx, row, state)) ? { coveredUntil: coverage(locked, scopes, stretch.headsAt) } : {}),
    });
  });
}

/** Whether the end is emitted. A retry of a part that still cannot be listed is not reported again. */
function isTold(row: ImportRow, state: 'completed' | 'stalled'): boolean {
  if (row.completedAt !== null) return state === 'completed';
  return row.told || row.audit;
}

/**
 * The import keeps its state; its numbers are what they are now. Cursor and *covered until* are not touched. A replay
 * that began by itself and brought nothing is no news: it would be told every hour.
 */
async function endOfReplay(tx: Transaction, row: ImportRow, now: Date): Promise<void> {
  const settled = await endReplay(tx, [row.id]);
  if (!row.replayAsked && settled === 0) return;
  const receipt = (await readReceipts(tx, [row.id])).get(row.id) ?? receiptOf([]);
  const type = row.state === 'stalled' ? 'import.stalled' : 'import.completed';
  await tellOfEnd(tx, row, { type, receipt, aside: [] }, now);
}

/**
 * Whether the import can be deleted: a poll that stored nothing after all (moved mail, drafts) or an audit that found
 * nothing. An import with an `import.started` event is kept, and its end is emitted.
 */
function isUnremarkable(row: ImportRow, receipt: Receipt): boolean {
  if (row.completedAt !== null) return false; // it was reported as stalled
  if (row.audit) return receipt.imported + receipt.missing + quarantinedCount(receipt) === 0;
  const excluded = receipt.skipped.find(({ reason }) => reason === 'excluded_folder')?.count ?? 0;
  return isRoutine(row) && receipt.found === receipt.alreadyHad + excluded;
}

/** Whether everything up to the heads is stored: not while another import owes messages, or a part is set aside. */
async function isCovered(tx: Transaction, row: ImportRow, state: 'completed' | 'stalled'): Promise<boolean> {
  return row.movesCursor && state === 'completed' && isWhole(tx, row.channelId);
}

/** The earliest head of all scopes, up to which all are complete. Never moves backwards. */
function coverage(channel: ChannelRow, scopes: ImportScopeRow[], headsAt: Date): Date {
  return later(channel.coveredUntil, earliest(scopes.map(({ headAt }) => headAt ?? headsAt)) ?? headsAt);
}

/** `stalled` while an import breaks, and until a compared import finds nothing missing. */
export async function importStateOf(tx: Transaction, channelId: string): Promise<ChannelRow['importState']> {
  const running = await listRunningImports(tx, channelId);
  const shown = running.filter(({ audit }) => !audit);
  if (shown.some(({ state, stalledAt }) => state === 'running' && stalledAt === null)) return 'catching_up';
  if (shown.some(({ stalledAt }) => stalledAt !== null)) return 'stalled';
  if ((await listSetAside(tx, channelId)).length > 0) return 'stalled';
  return (await findLastAudited(tx, channelId))?.state === 'stalled' ? 'stalled' : 'idle';
}
