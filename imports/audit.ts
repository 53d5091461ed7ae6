import { Context as ActivityContext } from '@temporalio/activity';
import type { Context } from '../runtime/context.ts';
import { lockChannel, updateChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import { planAudit } from '../db/channels/watches.ts';
import { insertImport } from '../db/imports/imports.ts';
import { fastestLookMs } from '../channels/pace.ts';
import { BACKOFF, gapMs } from '../domain/backoff.ts';
import { jitterOf } from '../domain/schedule.ts';
import type { Session } from '../providers/contract.ts';
import { readAccess } from '../credentials/access.ts';
import type { ChannelAccess } from '../credentials/access.ts';
import { workAtAccount } from '../credentials/session.ts';
import { advanceImport } from './advance.ts';
import { latest } from './heads.ts';
import { ImportRun } from './import-run.ts';
import { takeChannelHeads } from './parts-aside.ts';
import { ownedFrom } from './window.ts';

const HOUR_MS = 3_600_000;
/** How far an audit looks back: two audits cover each message, so that one may fail. */
const LOOK_BACK_MS = 48 * HOUR_MS;
/** Younger mail may be on its way through a poll; the next audit covers it. */
const UNDER_WAY_MS = 10 * 60_000;
/** An audit that takes longer continues as an import with its own workflow. */
const AUDIT_MS = 15_000;
const AFTER_REFRESH_MS = 1_000;

/**
 * Compares what polls stored in the last two days with the provider's own list, when a listener's daily look finds a
 * difference. A message that only this
 * finds is imported and counted as `repaired`; an audit that finds nothing leaves no trace. It moves no cursor and no
 * *covered until*, and emits no start.
 */
export async function auditChannel(
  context: Context,
  { tenantId, channelId }: { tenantId: string; channelId: string },
): Promise<void> {
  const access = await readAccess(context, tenantId, channelId);
  if (access === 'gone') return;
  const signal = ActivityContext.current().cancellationSignal;
  const worked = await workAtAccount(context, access, signal, (session) => audit(context, access, session, signal));
  const now = await context.clock.now();
  const crowded = gapMs(BACKOFF.crowded, 1, { spreadBy: channelId });
  const inMs = { worked: null, needs_refresh: AFTER_REFRESH_MS, refused: HOUR_MS, crowded }[worked.outcome];
  await context.database.inTenant(tenantId, async (tx) => {
    const row = await lockChannel(tx, channelId);
    if (!row) return;
    await updateChannel(tx, channelId, {
      nextAuditAt: inMs === null ? null : new Date(now.getTime() + inMs),
      ...(worked.outcome === 'needs_refresh' ? { refreshRequestedAt: now } : {}),
    });
    const plan = { auditAt: nextAuditAt(context, channelId, now), intervalMs: fastestLookMs(context, row) };
    if (inMs === null) await planAudit(tx, row, plan);
  });
}

async function audit(
  context: Context,
  { channel, provider }: ChannelAccess,
  session: Session,
  signal: AbortSignal,
): Promise<void> {
  const window = windowOf(channel);
  if (window === null) return;
  const endsAtMs = performance.now() + AUDIT_MS;
  const headsAt = await context.clock.now();
  const { heads, aside } = await takeChannelHeads(context, channel, session, { withState: true });
  const { id: channelId, tenantId } = channel;
  const kind = { cause: 'poll', movesCursor: false, backfill: false, audit: true } as const;
  const importId = await context.database.inTenant(tenantId, async (tx) =>
    insertImport(tx, { tenantId, channelId, ...kind, ...window, now: await context.clock.now() }),
  );
  if (importId === null) return; // the last audit still runs
  const given = { context, channel, provider, session, importId, heads, headsAt, aside, signal, endsAtMs };
  await advanceImport(new ImportRun({ ...given, inline: true }));
}

/** When a listener next compares; a little apart from other channels. */
export const nextAuditAt = ({ config }: Pick<Context, 'config'>, channelId: string, now: Date) =>
  new Date(now.getTime() + config.auditIntervalMs * (1 - 0.1 * jitterOf(channelId)));

/** The window that polls claim to have stored, on the provider's clock; null while it is too short to compare. */
export function windowOf(channel: ChannelRow): { windowFrom: Date; windowTo: Date } | null {
  if (channel.importMode !== 'continuous' || channel.coveredUntil === null) return null;
  const windowTo = new Date(channel.coveredUntil.getTime() - UNDER_WAY_MS);
  const back = new Date(windowTo.getTime() - LOOK_BACK_MS);
  const windowFrom = latest([back, ownedFrom(channel)]) ?? back;
  return windowFrom < windowTo ? { windowFrom, windowTo } : null;
}
