import type { ChannelRow } from '../db/channels/channels.ts';
import type { ImportScopeRow } from '../db/imports/scopes.ts';
import type { ImportRow } from '../db/imports/imports.ts';
import { windowToList } from '../domain/import-window.ts';
import type { WindowFacts } from '../domain/import-window.ts';
import { later, latest } from './heads.ts';
import type { Stretch } from './import-run.ts';

const AUDITED_EVERY_MS = 24 * 3_600_000;
/** Providers tell their time in whole seconds. */
const SECOND_MS = 1000;

/** From when on messages are the channel's own: its connection, or the change of mode that began it anew. */
export function ownedFrom({ ownedFrom, createdAt }: Pick<ChannelRow, 'ownedFrom' | 'createdAt'>): Date {
  return ownedFrom ?? createdAt;
}

/** The window of a scope; `prepareScopes` has set its beginning and end. */
export function windowFacts(stretch: Stretch, row: ImportRow, scope: ImportScopeRow): WindowFacts {
  return factsOf(stretch, row, reasonOf(row, scope));
}

/** The beginning of an audit's window. */
export function auditedFrom(stretch: Stretch, row: ImportRow): Date {
  return windowToList(factsOf(stretch, row, 'comparison'), stretch.headsAt).from;
}

function factsOf(stretch: Stretch, row: ImportRow, reason: WindowFacts['reason']): WindowFacts {
  const { channel } = stretch;
  const from = row.windowFrom ?? channel.coveredUntil ?? channel.createdAt;
  return {
    from,
    to: row.windowTo,
    ownedFrom: reason === 'comparison' ? comparedFrom(channel, from) : ownedFrom(channel),
    setBack: setBack(stretch),
    overlapMs: overlapMs(stretch, reason),
    reason,
  };
}

/**
 * A comparison reaches back to before the last audit, which may have been a day before the gap: a change listing may
 * have lost something since, and no later audit looks so far back.
 */
function overlapMs({ provider }: Stretch, reason: WindowFacts['reason']): number {
  const { windowOverlapMs } = provider.capabilities;
  return reason === 'comparison' ? comparedOverlapMs(windowOverlapMs) : windowOverlapMs;
}

export const comparedOverlapMs = (windowOverlapMs: number) => Math.max(windowOverlapMs, AUDITED_EVERY_MS);

/** More than a provider's time varies between answers. */
const SET_BACK_MS = 60_000;
/** Farther after the connection, a change of mode has said what is the channel's, and not the provider's clock. */
const CLOCK_DOUBT_MS = 3_660_000;

/**
 * If *covered until* lies in the future of the provider's clock, that clock was set back. Mail since the connection is
 * then dated by the time that has passed since.
 */
function setBack({ channel, heads, headsAt }: Stretch): WindowFacts['setBack'] {
  const to = latest(heads.flatMap(({ at }) => at ?? []));
  if (to === null || channel.coveredUntil === null) return null;
  if (channel.coveredUntil.getTime() - to.getTime() < SET_BACK_MS) return null;
  if (ownedFrom(channel).getTime() - channel.createdAt.getTime() > CLOCK_DOUBT_MS) return null;
  const connectedForMs = headsAt.getTime() - channel.createdAt.getTime();
  const from = new Date(to.getTime() - connectedForMs - SECOND_MS);
  return { from, to: new Date(to.getTime() + SET_BACK_MS / 2) }; // including mail that came after the heads were taken
}

/** In gap mode the product has the mail before the cursor, and a cursor is exact where a date is not. */
function comparedFrom(channel: ChannelRow, from: Date): Date {
  const owned = ownedFrom(channel);
  return channel.importMode === 'gap' ? later(owned, new Date(from.getTime() + SECOND_MS)) : owned;
}

function reasonOf(row: ImportRow, scope: ImportScopeRow): WindowFacts['reason'] {
  if (row.audit) return 'comparison';
  if (!row.movesCursor) return 'requested';
  if (scope.listing === 'changes') return scope.state === 'listing' ? 'changes' : 'comparison';
  if (isFallback(row, scope)) return 'fallback';
  if (scope.state !== 'listing') return 'comparison';
  return scope.listing === 'begin' ? 'begun' : 'new_part';
}

/** A window because of an expired cursor; a new folder never had one. */
export function isFallback(row: ImportRow, scope: ImportScopeRow): boolean {
  return row.movesCursor && scope.listing === 'window' && scope.fromCursor !== null;
}
