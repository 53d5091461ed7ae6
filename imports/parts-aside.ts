import type { Context } from '../runtime/context.ts';
import { readHeads } from '../credentials/heads.ts';
import type { Heads } from '../credentials/heads.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import { listCursors } from '../db/imports/cursors.ts';
import { listPartsAside, putPartsAside, takePartsBack } from '../db/imports/parts-aside.ts';
import type { PartAsideRow } from '../db/imports/parts-aside.ts';
import { refusedGapMs } from '../domain/backoff.ts';
import type { Session } from '../providers/contract.ts';

/**
 * Takes the heads of a channel's parts. A part that is refused is set aside by name and asked for again later; the
 * others go on at once.
 */
export async function takeChannelHeads(context: Context, channel: ChannelRow, session: Session): Promise<Heads> {
  const { database, clock } = context;
  const before = await database.inTenant(channel.tenantId, (tx) => listPartsAside(tx, channel.id));
  const now = await clock.now();
  const resting = before.filter(({ retryAt }) => retryAt !== null && retryAt > now);
  const found = await readHeads(session, { resting: new Map(resting.map(({ scope, reason }) => [scope, reason])) });
  if (before.length > 0 || found.aside.length > 0) await keep(context, channel, before, found);
  return found;
}

async function keep(
  { database, clock, logger }: Context,
  { id: channelId, tenantId }: ChannelRow,
  before: PartAsideRow[],
  { heads, aside }: Heads,
): Promise<void> {
  const now = await clock.now();
  const known = new Map(before.map((row) => [row.scope, row]));
  const refused = aside
    .filter(({ scope, asked }) => asked || !known.has(scope))
    .map(({ scope, name, reason }) => asideRow({ channelId, tenantId, scope, name, reason }, known.get(scope), now));
  for (const { scope, reason, retryAt } of refused) {
    if (!known.has(scope)) logger.warn({ channelId, reason, retryAt }, 'A part is set aside: it cannot be read');
  }
  const isAside = new Set(aside.map(({ scope }) => scope));
  const there = new Set(heads.map(({ scope }) => scope));
  await database.inTenant(tenantId, async (tx) => {
    const hasCursor = new Set((await listCursors(tx, channelId)).map(({ scope }) => scope));
    // Without a cursor it stays known: what came to it since the connection is the channel's, and no more (`plan`).
    const back = before.filter(({ scope }) => there.has(scope) && !hasCursor.has(scope));
    await putPartsAside(tx, [...refused, ...back.filter(({ retryAt }) => retryAt !== null).map(asBack)]);
    const over = before.filter((row) => !isAside.has(row.scope) && !back.includes(row));
    await takePartsBack(
      tx,
      channelId,
      over.map(({ scope }) => scope),
    );
  });
}

const asBack = (row: PartAsideRow): PartAsideRow => ({ ...row, retryAt: null });

function asideRow(
  part: Omit<PartAsideRow, 'since' | 'retryAt'>,
  before: PartAsideRow | undefined,
  now: Date,
): PartAsideRow {
  const since = before?.retryAt ? before.since : now;
  return { ...part, since, retryAt: new Date(now.getTime() + refusedGapMs(now.getTime() - since.getTime())) };
}
