import type { Context } from '../runtime/context.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import { listCursors } from '../db/imports/cursors.ts';
import type { CursorRow } from '../db/imports/cursors.ts';
import { findQuarantined } from '../db/imports/quarantine.ts';
import { findKnownMessages } from '../db/messages/messages.ts';
import { windowToList } from '../domain/import-window.ts';
import { isComparedWhole } from '../domain/messages/compared-state.ts';
import type { ListedItem, ScopeHead, Session, TimeWindow } from '../providers/contract.ts';
import { windowOf } from './audit.ts';
import { keyOf } from './fetching/keys.ts';
import { PAGE_ITEMS } from './import-run.ts';
import { takeChannelHeads } from './parts-aside.ts';
import { comparedOverlapMs, ownedFrom } from './window.ts';

/** A part with more pages is the workflow's to compare. */
const MOST_PAGES = 10;

/**
 * The daily comparison as a listener makes it: whether every message that the provider lists in the audit's window is stored.
 * It imports nothing. In doubt, and of a part whose state says nothing, it answers no; then the workflow compares.
 */
export async function seesNothingMissed(context: Context, channel: ChannelRow, session: Session): Promise<boolean> {
  const window = windowOf(channel);
  if (window === null) return true;
  const now = await context.clock.now();
  const { heads } = await takeChannelHeads(context, channel, session, { withState: true });
  const rows = await context.database.inTenant(channel.tenantId, (tx) => listCursors(tx, channel.id));
  const cursors = new Map(rows.map((row) => [row.scope, row]));
  for (const head of heads) {
    const cursor = cursors.get(head.scope);
    if (cursor === undefined || isSetBack(head, channel)) return false;
    const isStored = session.comesAfter
      ? isStateKnown(head, cursor, { from: listedFrom(context, channel, window.windowFrom), now })
      : await isListedStored(context, channel, session, { head, from: window.windowFrom, to: window.windowTo });
    if (!isStored) return false;
  }
  return true;
}

/** The provider's clock went back: which mail the window has is a question for the import. */
const isSetBack = ({ at }: ScopeHead, { coveredUntil }: ChannelRow) =>
  at !== null && coveredUntil !== null && at < coveredUntil;

/** Without a clock of the provider a window would be a guess; two audits must have found the part complete as it is. */
function isStateKnown(
  head: ScopeHead,
  { cursor, compared }: CursorRow,
  { from, now }: { from: Date; now: Date },
): boolean {
  return (
    head.cursor === cursor && head.state !== undefined && isComparedWhole(compared, { state: head.state, from, now })
  );
}

/** From when on an audit of this window would list. */
function listedFrom({ providers }: Context, channel: ChannelRow, windowFrom: Date): Date {
  const provider = providers.get(channel.accessType);
  const overlapMs = comparedOverlapMs(provider?.capabilities.windowOverlapMs ?? 0);
  const owned = ownedFrom(channel);
  const facts = {
    from: windowFrom,
    to: null,
    ownedFrom: owned,
    setBack: null,
    overlapMs,
    reason: 'comparison',
  } as const;
  return windowToList(facts, windowFrom).from;
}

async function isListedStored(
  context: Context,
  channel: ChannelRow,
  session: Session,
  { head, ...window }: TimeWindow & { head: ScopeHead },
): Promise<boolean> {
  for (let pages = 0, position: string | null = null; pages < MOST_PAGES; pages++) {
    const page = await session.listWindow(head, window, position, PAGE_ITEMS);
    if (!(await areStored(context, channel, head, page.items))) return false;
    if (page.position === null) return true;
    ({ position } = page);
  }
  return false;
}

/** A message in quarantine counts as stored, as in an audit. */
async function areStored(
  { database }: Context,
  channel: ChannelRow,
  { scope }: ScopeHead,
  items: ListedItem[],
): Promise<boolean> {
  const place = { channelId: channel.id, scope };
  const ids = items.map(({ providerId }) => providerId);
  return database.inTenant(channel.tenantId, async (tx) => {
    const known = new Set([
      ...(await findKnownMessages(tx, place, items)).map((one) => keyOf(one)),
      ...(await findQuarantined(tx, place, ids)).map((one) => keyOf(one)),
    ]);
    return items.every((item) => known.has(keyOf(item)));
  });
}
