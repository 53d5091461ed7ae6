import { and, eq, isNotNull, sql } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { watches } from '../schema/watches.ts';
import type { ChannelRow } from './channels.ts';

export type WatchRow = InferSelectModel<typeof watches>;

export async function findWatch(tx: Transaction, channelId: string): Promise<WatchRow | null> {
  const [row] = await tx.select().from(watches).where(eq(watches.channelId, channelId));
  return row ?? null;
}

/** The next look at a channel, by any listener. `watchedAt`: when the provider answered; null: it was not asked. */
export async function planLook(
  tx: Transaction,
  channel: Watched,
  plan: { nextLookAt: Date; intervalMs: number; watchedAt: Date | null },
): Promise<void> {
  const { id: channelId, tenantId } = channel;
  const { watchedAt, ...planned } = plan;
  const row = { ...placeOf(channel), ...planned, waitsSince: null };
  const answered = watchedAt === null ? {} : { watchedAt };
  await tx
    .insert(watches)
    .values({ channelId, tenantId, ...row, ...answered })
    .onConflictDoUpdate({ target: watches.channelId, set: { ...row, ...answered, leaseUntil: null } });
}

type Watched = Pick<ChannelRow, 'id' | 'tenantId' | 'accessType' | 'serverKey'>;

const placeOf = ({ accessType, serverKey }: Watched) => ({ accessType, host: serverKey || accessType });

/** The workflow has compared; a listener does next. */
export async function planAudit(
  tx: Transaction,
  channel: Watched,
  { auditAt, intervalMs }: { auditAt: Date; intervalMs: number },
): Promise<void> {
  const { id: channelId, tenantId } = channel;
  await tx
    .insert(watches)
    .values({ channelId, tenantId, ...placeOf(channel), intervalMs, auditAt })
    .onConflictDoUpdate({ target: watches.channelId, set: { auditAt } });
}

/** No listener looks until the workflow has. */
export async function restWatch(tx: Transaction, channelId: string): Promise<void> {
  await tx
    .update(watches)
    .set({ nextLookAt: null, waitsSince: null, leaseUntil: null })
    .where(and(eq(watches.channelId, channelId), isNotNull(watches.nextLookAt)));
}

/** The channel has another access: no look at the one before is settled, and the workflow plans the next. */
export async function moveWatch(tx: Transaction, channel: Watched): Promise<void> {
  await tx
    .update(watches)
    .set({ ...placeOf(channel), nextLookAt: null, waitsSince: null, owner: null, leaseUntil: null })
    .where(eq(watches.channelId, channel.id));
}

/** The look of one listener. */
export interface Look {
  channelId: string;
  owner: string;
}

/** Writes what a look found; nothing when another listener has the lease by now, or the workflow has planned anew. */
export async function settleLook(
  tx: Transaction,
  { channelId, owner }: Look,
  values: Partial<
    Pick<WatchRow, 'nextLookAt' | 'intervalMs' | 'watchedAt' | 'waitsSince' | 'auditAt' | 'leaseUntil'>
  > & {
    coveredUntil?: Date;
  },
): Promise<void> {
  const { coveredUntil, ...rest } = values;
  const covered = coveredUntil && sql`greatest(${watches.coveredUntil}, ${coveredUntil.toISOString()}::timestamptz)`;
  await tx
    .update(watches)
    .set({ ...rest, ...(covered && { coveredUntil: covered }) })
    .where(and(eq(watches.channelId, channelId), eq(watches.owner, owner), isNotNull(watches.leaseUntil)));
}
