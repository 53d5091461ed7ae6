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
import { listSetAside, listUnlisted } from '../db/imports/set-aside.ts';
import { quarantinedCount, receiptOf } from '../domain/receipt.ts';
import type { Receipt } from '../domain/receipt.ts';
import { keepStates } from './audit-states.ts';
import { needsComparison } from './listing/comparison.ts';
import { tellOfEnd } from './events.ts';
import { earliest, later, latest } from './heads.ts';
import { isRoutine } from './import-run.ts';
import type { Stretch } from './import-run.ts';

/**
 * Ends an import whose every part is listed and settled: completed, or stalled when something that the provider listed
 * is neither stored nor explained. Only here *covered until* moves. Does nothing when a reauthorization has just opened
 * the import again.
 */
export async function finishImport(stretch: Stretch): Promise<void> {
  const { context, channel, importId } = stretch;
  await context.database.inTenant(channel.tenantId, async (tx) => {
    const locked = await lockChannel(tx, channel.id);
    const row = locked && (await findImport(tx, importId));
    if (!locked || !row || !isUnderWay(row)) return;
    const now = await context.clock.now();
    await quarantineInterrupted(tx, importId, now);
    if (row.replaying) return endOfReplay(tx, row, now);
    const scopes = await listImportScopes(tx, importId);
    const aside = scopes.filter(({ retryAt, state }) => retryAt !== null && state !== 'done');
    const toCompare = needsComparison(row, scopes);
    const left = scopes.filter(({ state }) => state === 'listing' || (toCompare && state === 'comparing'));
    if (left.some((scope) => !aside.includes(scope))) return;
    const receipt = (await readReceipts(tx, [importId])).get(importId);
    if (!receipt) throw new Error(`Import ${importId} has no receipt`);
    const state = receipt.missing === 0 && aside.length === 0 ? 'completed' : 'stalled';
    const compared = toCompare && aside.length === 0;
    const windowTo = row.windowTo ?? latest(scopes.flatMap(({ headAt }) => headAt ?? [])) ?? stretch.headsAt;
    await updateImport(tx, importId, { state, completedAt: now, failures: 0, windowTo, compared });
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

/** A part that was set aside is tried again and again: that it still cannot be listed is no news. */
function isTold(row: ImportRow, state: 'completed' | 'stalled'): boolean {
  if (row.completedAt !== null) return state === 'completed';
  return row.told || row.audit;
}

/**
 * The import keeps its state; its numbers are what they are now. Cursor and *covered until* are not touched. A replay that
 * began by itself and brought nothing is no news: it would be told every hour.
 */
async function endOfReplay(tx: Transaction, row: ImportRow, now: Date): Promise<void> {
  const settled = await endReplay(tx, [row.id]);
  if (!row.replayAsked && settled === 0) return;
  const receipt = (await readReceipts(tx, [row.id])).get(row.id) ?? receiptOf([]);
  const type = row.state === 'stalled' ? 'import.stalled' : 'import.completed';
  await tellOfEnd(tx, row, { type, receipt, aside: [] }, now);
}

/**
 * A poll that brought nothing after all (moved mail, drafts) is not worth a line, nor an audit that found nothing, unless
 * somebody was told that it has started: then its end is told too, and can be read.
 */
function isUnremarkable(row: ImportRow, receipt: Receipt): boolean {
  if (row.completedAt !== null) return false; // it has been told of as stalled
  if (row.audit) return receipt.imported + receipt.missing + quarantinedCount(receipt) === 0;
  const excluded = receipt.skipped.find(({ reason }) => reason === 'excluded_folder')?.count ?? 0;
  return isRoutine(row) && receipt.found === receipt.alreadyHad + excluded;
}

/** Whether all is stored up to the heads: not while another import waits for a part that it could not list. */
async function isCovered(tx: Transaction, row: ImportRow, state: 'completed' | 'stalled'): Promise<boolean> {
  return row.movesCursor && state === 'completed' && (await listUnlisted(tx, row.channelId)).length === 0;
}

/** The earliest of the scopes' heads: up to there, all of them are complete. Never backwards. */
function coverage(channel: ChannelRow, scopes: ImportScopeRow[], headsAt: Date): Date {
  return later(channel.coveredUntil, earliest(scopes.map(({ headAt }) => headAt ?? headsAt)) ?? headsAt);
}

/** Stalled until an import that was compared has found everything. */
async function importStateOf(tx: Transaction, channelId: string): Promise<ChannelRow['importState']> {
  const running = await listRunningImports(tx, channelId);
  if (running.some(({ state, audit }) => state === 'running' && !audit)) return 'catching_up';
  if ((await listSetAside(tx, channelId)).length > 0) return 'stalled';
  return (await findLastAudited(tx, channelId))?.state === 'stalled' ? 'stalled' : 'idle';
}
