import { Context as ActivityContext } from '@temporalio/activity';
import type { Context } from '../runtime/context.ts';
import { lockChannel, updateChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import { insertCursors, listCursors, moveCursor } from '../db/imports/cursors.ts';
import { findRunningImport, insertImport, updateImport } from '../db/imports/imports.ts';
import { hasDueQuarantine, openDueQuarantine } from '../db/imports/quarantine.ts';
import { isAnyPartHeldUp } from '../db/imports/parts-aside.ts';
import { listSetAside, listUnlisted, reopenStalled } from '../db/imports/set-aside.ts';
import { PartRefused } from '../domain/verdict.ts';
import type { ScopeHead, Session } from '../providers/contract.ts';
import { readAccess } from '../credentials/access.ts';
import type { ChannelAccess } from '../credentials/access.ts';
import { workAtAccount } from '../credentials/session.ts';
import { advanceImport } from './advance.ts';
import { tellOfStart } from './events.ts';
import { PARSER_VERSION } from './fetching/headers.ts';
import { isExpired } from './listing/list-page.ts';
import { ListingTrail } from './listing/trail.ts';
import { coveredBy, later } from './heads.ts';
import { ImportOvertaken, ImportRun, isRoutine, PAGE_ITEMS } from './import-run.ts';
import { takeChannelHeads } from './parts-aside.ts';
import type { ListedPage } from './import-run.ts';
import { WORKING, isOneOf } from '../domain/channel.ts';

/** The outcome of a poll. */
export interface PollAnswer {
  /**
   * `nothing` new; `stored` all that was new; `more`: a running import is left, whose workflow must be started;
   * `needs_refresh`: the access token is spent or refused; `refused`: the provider refused or did not answer, which is
   * recorded; `gone`: the channel does not exist or has no credential.
   */
  outcome: 'nothing' | 'stored' | 'more' | 'needs_refresh' | 'refused' | 'gone';
  /** Messages that became visible. */
  stored: number;
  importId: string | null;
}

/** A poll that takes longer becomes an import with its own workflow. */
const POLL_MS = 15_000;
/** After this many interruptions in a row a poll lists nothing itself: an import has a row to count them. */
const MOST_FAILURES = 3;

/** Lists a channel's news and stores it. One bounded activity of the channel's workflow. */
export async function pollChannel(
  context: Context,
  { tenantId, channelId }: { tenantId: string; channelId: string },
): Promise<PollAnswer> {
  const access = await readAccess(context, tenantId, channelId);
  if (access === 'gone') return { outcome: 'gone', stored: 0, importId: null };
  if (!isPolled(access.channel)) return { outcome: 'nothing', stored: 0, importId: null };
  await reopenWhatIsDue(context, access.channel);
  const running = await context.database.inTenant(tenantId, (tx) => findRunningImport(tx, channelId));
  if (running) {
    // A poll that died may have left it without a workflow.
    await handOver(context, access.channel, true);
    return { outcome: 'more', stored: 0, importId: running.id };
  }
  const signal = ActivityContext.current().cancellationSignal;
  const careful = endsInTheMiddle(access.channel);
  const work = (session: Session) => poll(context, access, session, signal, careful);
  const polled = await workAtAccount(context, access, signal, work, { urgent: true });
  const importId = await handOver(context, access.channel, careful || polled.outcome !== 'worked');
  if (polled.outcome !== 'worked') return { outcome: polled.outcome, stored: 0, importId };
  const stored = polled.result;
  if (importId !== null) return { outcome: 'more', stored, importId };
  return { outcome: stored > 0 ? 'stored' : 'nothing', stored, importId };
}

/** Trouble of the credential alone does not stop polls. */
function endsInTheMiddle({ failures, trouble }: ChannelRow): boolean {
  const { attempt } = ActivityContext.current().info;
  return attempt >= MOST_FAILURES || (failures >= MOST_FAILURES && trouble !== 'credential');
}

const isPolled = ({ status, importMode }: ChannelRow) => isOneOf(WORKING, status) && importMode !== 'off';

/** How many messages were stored. */
async function poll(
  context: Context,
  { channel, provider }: ChannelAccess,
  session: Session,
  signal: AbortSignal,
  careful: boolean,
): Promise<number> {
  const endsAtMs = performance.now() + POLL_MS;
  const headsAt = await context.clock.now();
  const quietAt = await findQuiet(context, channel, session, headsAt);
  if (quietAt !== null) return cover(context, channel, quietAt);
  const { heads, aside } = await takeChannelHeads(context, channel, session);
  const unlisted = await context.database.inTenant(channel.tenantId, (tx) => listUnlisted(tx, channel.id));
  const open = heads.filter(({ scope }) => !unlisted.includes(scope));
  if (channel.importMode === 'gap') return jumpToHeads(context, channel, open, headsAt);
  const listed = careful
    ? await seeNews(context, channel, open)
    : await findNews(context, channel, session, { heads: open, endsAtMs });
  if (listed === null) return cover(context, channel, coveredBy(heads, headsAt));
  const importId = await context.database.inTenant(channel.tenantId, async (tx) => {
    const now = await context.clock.now();
    const { id: channelId, tenantId, coveredUntil: windowFrom } = channel;
    const cause = channel.pollRequestedAt === null ? 'poll' : 'push';
    const routine = { cause, windowTo: null, movesCursor: true, backfill: false } as const;
    return insertImport(tx, { tenantId, channelId, windowFrom, ...routine, now });
  });
  if (importId === null || careful) return 0; // an import that was queued meanwhile lists the same
  const given = { context, channel, provider, session, importId, heads, headsAt, aside, signal, endsAtMs };
  const run = new ImportRun({ ...given, inline: true }, { listed });
  await advanceImport(run);
  return run.stored;
}

/** Until when everything is stored where one call tells that nothing has changed; null: heads have to tell. */
async function findQuiet(
  { database }: Context,
  { id, tenantId }: ChannelRow,
  { changedSince }: Pick<Session, 'changedSince'>,
  askedAt: Date,
): Promise<Date | null> {
  if (changedSince === undefined) return null;
  const rows = await database.inTenant(tenantId, (tx) => listCursors(tx, id));
  if (rows.length === 0) return null;
  const { changed, at } = await changedSince(new Map(rows.map(({ scope, cursor }) => [scope, cursor])));
  return changed ? null : (at ?? askedAt);
}

/** Whether the heads show news; the import lists it. */
async function seeNews(
  context: Context,
  channel: ChannelRow,
  heads: ScopeHead[],
): Promise<Map<string, ListedPage> | null> {
  const rows = await context.database.inTenant(channel.tenantId, (tx) => listCursors(tx, channel.id));
  const cursors = new Map(rows.map(({ scope, cursor }) => [scope, cursor]));
  return heads.some(({ scope, cursor }) => cursors.get(scope) !== cursor) ? new Map() : null;
}

/** The first page with items of every part that has one; null when no part has news. */
async function findNews(
  context: Context,
  channel: ChannelRow,
  session: Session,
  { heads, endsAtMs }: { heads: ScopeHead[]; endsAtMs: number },
): Promise<Map<string, ListedPage> | null> {
  const rows = await context.database.inTenant(channel.tenantId, (tx) => listCursors(tx, channel.id));
  const cursors = new Map(rows.map(({ scope, cursor }) => [scope, cursor]));
  const listed = new Map<string, ListedPage>();
  let news = false;
  for (const head of heads) {
    const cursor = cursors.get(head.scope);
    if (cursor === head.cursor) continue;
    const found =
      cursor === undefined ? 'window' : await passEmptyPages(context, channel, session, { head, cursor, endsAtMs });
    if (found === null) continue;
    news = true;
    if (found !== 'window') listed.set(head.scope, found);
  }
  return news ? listed : null;
}

/**
 * Moves the cursor over pages without messages. `window`: it has expired, or the part is refused, which
 * the import finds out. An import goes on with an empty page where the
 * poll's time is over.
 */
async function passEmptyPages(
  context: Context,
  channel: ChannelRow,
  session: Session,
  { head, cursor: from, endsAtMs }: { head: ScopeHead; cursor: string; endsAtMs: number },
): Promise<ListedPage | 'window' | null> {
  const trail = new ListingTrail();
  for (let cursor = from; ;) {
    const page = await session.listChanges(head, cursor, PAGE_ITEMS).catch((error: unknown) => {
      if (isExpired(error) || error instanceof PartRefused) return null;
      throw error;
    });
    if (page === null) return 'window';
    trail.step(cursor, page.more ? page.cursor : null);
    if (page.items.length > 0 || (page.more && performance.now() >= endsAtMs)) return { cursor, page };
    await moveOver(context, channel, head, cursor, page.cursor);
    if (!page.more) return null;
    ({ cursor } = page);
  }
}

async function moveOver(
  context: Context,
  channel: ChannelRow,
  { scope }: ScopeHead,
  replaces: string,
  cursor: string,
): Promise<void> {
  if (replaces === cursor) return;
  const now = await context.clock.now();
  const moved = await context.database.inTenant(channel.tenantId, (tx) =>
    moveCursor(tx, { channelId: channel.id, scope, replaces, cursor, now }),
  );
  if (!moved) throw new ImportOvertaken('of a poll');
}

/** `gap` mode: the product has its own sync, so only the cursor is kept up, from which a gap can be determined. */
async function jumpToHeads(context: Context, channel: ChannelRow, heads: ScopeHead[], headsAt: Date): Promise<number> {
  const { id: channelId, tenantId } = channel;
  await context.database.inTenant(tenantId, async (tx) => {
    const now = await context.clock.now();
    const cursors = new Map((await listCursors(tx, channelId)).map(({ scope, cursor }) => [scope, cursor]));
    for (const { scope, cursor: head } of heads) {
      // Without a cursor as of now the old one is void: what came after it is the product's, and a gap is told by time.
      const cursor = head ?? '';
      const replaces = cursors.get(scope);
      if (replaces !== undefined && replaces !== cursor)
        await moveCursor(tx, { channelId, scope, replaces, cursor, now });
    }
    await insertCursors(tx, { tenantId, channelId, now }, heads);
  });
  return cover(context, channel, coveredBy(heads, headsAt));
}

/** Every part is complete up to its head. */
async function cover(context: Context, channel: ChannelRow, covered: Date): Promise<number> {
  await context.database.inTenant(channel.tenantId, async (tx) => {
    const row = await lockChannel(tx, channel.id);
    const whole = (await listUnlisted(tx, channel.id)).length === 0 && !(await isAnyPartHeldUp(tx, channel.id));
    if (row && whole) await updateChannel(tx, row.id, { coveredUntil: later(row.coveredUntil, covered) });
  });
  return 0;
}

/**
 * Reopens the import of a part that was set aside when its retry is due, and messages in quarantine: unfetchable ones when
 * they are due, unparseable ones that an older parser could not read.
 */
async function reopenWhatIsDue(context: Context, { id, tenantId }: ChannelRow): Promise<void> {
  await context.database.inTenant(tenantId, async (tx) => {
    const now = await context.clock.now();
    const looking = { now, parserVersion: PARSER_VERSION };
    const isStalledDue = (await listSetAside(tx, id)).some(({ retryAt }) => retryAt <= now);
    if (!isStalledDue && !(await hasDueQuarantine(tx, id, looking))) return;
    const channel = await lockChannel(tx, id);
    if (channel) await openDueQuarantine(tx, id, looking);
    const reopened = channel && (await reopenStalled(tx, id, now));
    if (reopened && !reopened.audit) await updateChannel(tx, id, { importState: 'catching_up' });
  });
}

/**
 * An import that the poll left unfinished gets events and a workflow of its own. After an interruption it continues
 * carefully.
 */
async function handOver(context: Context, channel: ChannelRow, interrupted: boolean): Promise<string | null> {
  return context.database.inTenant(channel.tenantId, async (tx) => {
    const row = await lockChannel(tx, channel.id);
    const left = row && (await findRunningImport(tx, channel.id));
    if (!row || !left) return null;
    // A queued import emits its own events.
    if (left.told || !isRoutine(left)) return left.id;
    await updateChannel(tx, channel.id, { importState: 'catching_up' });
    if (interrupted) await updateImport(tx, left.id, { failures: left.failures + 1 });
    await tellOfStart(tx, left, await context.clock.now());
    return left.id;
  });
}
