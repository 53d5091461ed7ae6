import type { Context } from '../runtime/context.ts';
import { readHeads } from '../credentials/heads.ts';
import type { Heads } from '../credentials/heads.ts';
import { lockChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import { listCursors } from '../db/imports/cursors.ts';
import { listPartsAside, putPartsAside, takePartsBack } from '../db/imports/parts-aside.ts';
import type { PartAsideRow } from '../db/imports/parts-aside.ts';
import { refusedGapMs } from '../domain/backoff.ts';
import { PartUnanswered } from '../domain/verdict.ts';
import { requireSameAccess } from './import-run.ts';
import type { AskedOfHeads, Session } from '../providers/contract.ts';

/**
 * Takes the heads of a channel's parts. A part that is refused is set aside by name and asked for again later; the
 * others go on at once.
 */
export async function takeChannelHeads(
  context: Context,
  channel: ChannelRow,
  session: Session,
  asked: Partial<AskedOfHeads> = {},
): Promise<Heads> {
  const { database, clock } = context;
  const before = await database.inTenant(channel.tenantId, (tx) => listPartsAside(tx, channel.id));
  const now = await clock.now();
  const resting = before.filter(({ retryAt }) => retryAt !== null && retryAt > now);
  const left = new Map(resting.map(({ scope, reason }) => [scope, reason]));
  const found = await readHeads(session, { ...asked, resting: left }).catch(async (error: unknown) => {
    if (error instanceof PartUnanswered) await leaveAlone(context, channel, before, error.part);
    throw error;
  });
  if (before.length > 0 || found.aside.length > 0) await keep(context, channel, before, found);
  return found;
}

/**
 * The session is lost with the part that may be why. Once may be chance, so the part is only marked; when it happens again,
 * the next session asks for the others alone.
 */
async function leaveAlone(
  { database, clock, logger }: Context,
  channel: ChannelRow,
  before: PartAsideRow[],
  part: PartUnanswered['part'],
): Promise<void> {
  const { id: channelId, tenantId } = channel;
  const known = before.find(({ scope }) => scope === part.scope);
  const now = await clock.now();
  const again = asideRow({ channelId, tenantId, ...part, reason: 'no_answer' }, known, now);
  const row = known?.retryAt ? again : { ...again, retryAt: now };
  await database.inTenant(tenantId, async (tx) => {
    await lockSameAccess(tx, channel);
    await putPartsAside(tx, [row]);
  });
  logger.warn({ channelId, retryAt: row.retryAt }, 'A part is set aside: the connection ended while it was asked for');
}

async function keep(
  { database, clock, logger }: Context,
  channel: ChannelRow,
  before: PartAsideRow[],
  { heads, aside }: Heads,
): Promise<void> {
  const { id: channelId, tenantId } = channel;
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
    await lockSameAccess(tx, channel);
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

/** The parts of another access are none of this one. */
async function lockSameAccess(tx: Transaction, channel: ChannelRow): Promise<void> {
  const locked = await lockChannel(tx, channel.id);
  if (locked) requireSameAccess({ channel, importId: 'of a poll' }, locked);
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
