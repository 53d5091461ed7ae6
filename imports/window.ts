import type { ChannelRow } from '../db/channels/channels.ts';
import type { ImportScopeRow } from '../db/imports/scopes.ts';
import type { ImportRow } from '../db/imports/imports.ts';
import { windowToList } from '../domain/import-window.ts';
import type { WindowFacts } from '../domain/import-window.ts';
import { later, latest } from './heads.ts';
import type { Stretch } from './import-run.ts';

/** Providers tell their own time in whole seconds. */
const SECOND_MS = 1000;

/** From when on messages are this channel's to import: its connection, or the change of mode that began it anew. */
export function ownedFrom({ ownedFrom, createdAt }: Pick<ChannelRow, 'ownedFrom' | 'createdAt'>): Date {
  return ownedFrom ?? createdAt;
}

/** The window of a scope as it is listed now; `prepareScopes` has filled in where it begins and ends. */
export function windowFacts(stretch: Stretch, row: ImportRow, scope: ImportScopeRow): WindowFacts {
  return factsOf(stretch, row, reasonOf(row, scope));
}

/** From when on an audit compares. */
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
    overlapMs: stretch.provider.capabilities.windowOverlapMs,
    reason,
  };
}

/** More than a provider's time differs from answer to answer. */
const SET_BACK_MS = 60_000;
/** Farther after the connection, a change of mode has said what is the channel's, and not the provider's clock. */
const CLOCK_DOUBT_MS = 3_660_000;

/**
 * What a channel has covered, by its provider's clock, lies in that clock's future: it was set back. What came since the
 * connection is then dated by how long that is ago.
 */
function setBack({ channel, heads, headsAt }: Stretch): WindowFacts['setBack'] {
  const to = latest(heads.flatMap(({ at }) => at ?? []));
  if (to === null || channel.coveredUntil === null) return null;
  if (channel.coveredUntil.getTime() - to.getTime() < SET_BACK_MS) return null;
  if (ownedFrom(channel).getTime() - channel.createdAt.getTime() > CLOCK_DOUBT_MS) return null;
  const connectedForMs = headsAt.getTime() - channel.createdAt.getTime();
  const from = new Date(to.getTime() - connectedForMs - SECOND_MS);
  return { from, to: new Date(to.getTime() + SET_BACK_MS / 2) }; // what came since the heads were taken too
}

/** In gap mode the product has what came before the cursor, and a cursor is exact where a date is not. */
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

/** A window because the cursor had expired; a folder that came into being has no cursor to begin with. */
export function isFallback(row: ImportRow, scope: ImportScopeRow): boolean {
  return row.movesCursor && scope.listing === 'window' && scope.fromCursor !== null;
}
