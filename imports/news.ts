import type { Context } from '../runtime/context.ts';
import { lockChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import { insertCursors, listCursors, moveCursor } from '../db/imports/cursors.ts';
import type { CursorRow } from '../db/imports/cursors.ts';
import { findRunningImport } from '../db/imports/imports.ts';
import { isOwing } from '../db/imports/owed.ts';
import { isAnyPartHeldUp } from '../db/imports/parts-aside.ts';
import { listUnlisted } from '../db/imports/set-aside.ts';
import type { Transaction } from '../db/client.ts';
import { PartRefused } from '../domain/verdict.ts';
import type { ScopeHead, Session } from '../providers/contract.ts';
import type { Heads } from '../credentials/heads.ts';
import { coveredBy } from './heads.ts';
import { ImportOvertaken, PAGE_ITEMS, requireSameAccess } from './import-run.ts';
import type { ListedPage } from './import-run.ts';
import { isExpired } from './listing/list-page.ts';
import { ListingTrail } from './listing/trail.ts';
import { takeChannelHeads } from './parts-aside.ts';

const DAY_MS = 86_400_000;

/** The provider's answer to whether anything has come since the cursors. */
export type Answer =
  /** Every part is complete up to its cursor, and nothing came until `coveredUntil`. */
  | { news: false; coveredUntil: Date }
  /** An import lists it; `listed` are the first pages with items that are known by now. */
  | ({ news: true; headsAt: Date; listed: Map<string, ListedPage> } & Heads);

/** How the provider is asked. */
export interface Asking {
  session: Session;
  /** Lists nothing, because listings have been interrupted: heads alone tell. */
  careful: boolean;
  endsAtMs: number;
}

/**
 * Asks whether there is news, by as few calls as the provider allows. Cursors move over what is no message, and in `gap` mode
 * to the heads.
 */
export async function askForNews(context: Context, channel: ChannelRow, asking: Asking): Promise<Answer> {
  const { session } = asking;
  const headsAt = await context.clock.now();
  const rows = await context.database.inTenant(channel.tenantId, (tx) => listCursors(tx, channel.id));
  const quietAt = await findQuiet(rows, session, headsAt);
  if (quietAt !== null) return { news: false, coveredUntil: quietAt };
  const { heads, aside } = await takeChannelHeads(context, channel, session);
  const unlisted = await context.database.inTenant(channel.tenantId, (tx) => listUnlisted(tx, channel.id));
  const open = heads.filter(({ scope }) => !unlisted.includes(scope));
  const cursors = new Map(rows.map((row) => [row.scope, row]));
  const coveredUntil = coveredBy(heads, headsAt);
  if (channel.importMode === 'gap' && (await jumpToHeads(context, channel, open, cursors))) {
    return { news: false, coveredUntil: coveredBy(open, headsAt) };
  }
  const listed = asking.careful
    ? seeNews(open, cursors)
    : await findNews(context, channel, asking, { heads: open, cursors, askedAt: headsAt });
  return listed === null ? { news: false, coveredUntil } : { news: true, headsAt, heads, aside, listed };
}

/** Until when everything is stored where one call tells that nothing has changed; null: heads have to tell. */
async function findQuiet(
  rows: CursorRow[],
  { changedSince }: Pick<Session, 'changedSince'>,
  askedAt: Date,
): Promise<Date | null> {
  if (changedSince === undefined || rows.length === 0) return null;
  const { changed, at } = await changedSince(new Map(rows.map(({ scope, cursor }) => [scope, cursor])));
  return changed ? null : (at ?? askedAt);
}

type Cursors = ReadonlyMap<string, CursorRow>;

/** Whether the heads show news; the import lists it. */
function seeNews(heads: ScopeHead[], cursors: Cursors): Map<string, ListedPage> | null {
  return heads.some(({ scope, cursor }) => cursors.get(scope)?.cursor !== cursor) ? new Map() : null;
}

/** The first page with items of every part that has one; null when no part has news. */
async function findNews(
  context: Context,
  channel: ChannelRow,
  asking: Asking,
  { heads, cursors, askedAt }: { heads: ScopeHead[]; cursors: Cursors; askedAt: Date },
): Promise<Map<string, ListedPage> | null> {
  const listed = new Map<string, ListedPage>();
  let news = false;
  for (const head of heads) {
    const cursor = cursors.get(head.scope);
    if (cursor?.cursor === head.cursor) continue;
    const found =
      cursor === undefined ? 'window' : await passEmptyPages(context, channel, asking, { head, cursor, askedAt });
    if (found === null) continue;
    news = true;
    if (found !== 'window') listed.set(head.scope, found);
  }
  return news ? listed : null;
}

/**
 * Moves the cursor over pages without messages. `window`: it has expired, or the part is refused, which
 * the import finds out. An import goes on with an empty page where the
 * time is over.
 */
async function passEmptyPages(
  context: Context,
  channel: ChannelRow,
  { session, endsAtMs }: Asking,
  { head, cursor: from, askedAt }: { head: ScopeHead; cursor: CursorRow; askedAt: Date },
): Promise<ListedPage | 'window' | null> {
  const trail = new ListingTrail();
  for (let { cursor } = from; ;) {
    const page = await session.listChanges(head, cursor, PAGE_ITEMS).catch((error: unknown) => {
      if (isExpired(error) || error instanceof PartRefused) return null;
      throw error;
    });
    if (page === null) return 'window';
    trail.step(cursor, page.more ? page.cursor : null);
    if (page.items.length > 0 || (page.more && performance.now() >= endsAtMs)) return { cursor, page };
    const isFirstAndLast = cursor === from.cursor && !page.more;
    if (!(isFirstAndLast && staysWhereItIs(head, from, askedAt))) {
      await moveOver(context, channel, head, cursor, page.cursor);
    }
    if (!page.more) return null;
    ({ cursor } = page);
  }
}

/**
 * Where heads tell no cursor, every listing brings a new one: writing it at each quiet look would be a row for each folder.
 * Providers take one back for some days, so it moves daily.
 */
const staysWhereItIs = (head: ScopeHead, { updatedAt }: CursorRow, now: Date) =>
  head.cursor === null && now.getTime() - updatedAt.getTime() < DAY_MS;

async function moveOver(
  context: Context,
  channel: ChannelRow,
  { scope }: ScopeHead,
  replaces: string,
  cursor: string,
): Promise<void> {
  if (replaces === cursor) return;
  const now = await context.clock.now();
  const moved = await context.database.inTenant(channel.tenantId, async (tx) => {
    const locked = await lockChannel(tx, channel.id);
    if (locked) requireSameAccess({ channel, importId: 'of a poll' }, locked);
    return moveCursor(tx, { channelId: channel.id, scope, replaces, cursor, now });
  });
  if (!moved) throw new ImportOvertaken('of a poll');
}

/**
 * `gap` mode: the product has its own sync, so only the cursor is kept up, from which a gap can be determined. False when
 * the mode was changed or an import was queued meanwhile: its gap begins at the old cursors.
 */
async function jumpToHeads(
  context: Context,
  channel: ChannelRow,
  heads: ScopeHead[],
  cursors: Cursors,
): Promise<boolean> {
  const { id: channelId, tenantId } = channel;
  // Without a cursor as of now the old one is void: what came after it is the product's, and a gap is told by time.
  const moved = heads.filter(({ scope, cursor }) => {
    const known = cursors.get(scope)?.cursor;
    return known === undefined ? cursor !== null : known !== (cursor ?? '');
  });
  if (moved.length === 0) return true;
  return context.database.inTenant(tenantId, async (tx) => {
    const now = await context.clock.now();
    const row = await lockChannel(tx, channelId);
    if (row) requireSameAccess({ channel, importId: 'of a poll' }, row);
    if (row?.importMode !== 'gap' || (await findRunningImport(tx, channelId))) return false;
    for (const { scope, cursor } of moved) {
      const replaces = cursors.get(scope)?.cursor;
      if (replaces === undefined) continue;
      const isMoved = await moveCursor(tx, { channelId, scope, replaces, cursor: cursor ?? '', now });
      if (!isMoved) throw new ImportOvertaken('of a poll');
    }
    await insertCursors(tx, { tenantId, channelId, now }, heads);
    return true;
  });
}

/**
 * Whether everything before the heads is stored: no part is set aside whose mail is not listed meanwhile, and no broken
 * import owes any.
 */
export async function isWhole(tx: Transaction, channelId: string): Promise<boolean> {
  if ((await isOwing(tx, channelId)) || (await isAnyPartHeldUp(tx, channelId))) return false;
  return (await listUnlisted(tx, channelId)).length === 0;
}
