import { and, asc, eq, gt, or, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { channels, needsPerson } from '../schema/channels.ts';
import type { ChannelRow } from './channels.ts';

/** The tenant and person whose channels a banner shows. */
export interface Audience {
  tenantId: string;
  /** Only what this person looks after; null: the whole tenant. */
  ownerEmail: string | null;
  /** The person is an admin, and looks after the shared channels too. */
  isAdmin: boolean;
  /** Only this channel; null: any. */
  channelId: string | null;
}

/** The channels of an audience on which a person of the tenant has to act, longest broken first. */
export async function listNeedingPerson(tx: Transaction, audience: Audience, limit: number): Promise<ChannelRow[]> {
  const { tenantId, channelId } = audience;
  return tx
    .select()
    .from(channels)
    .where(
      and(
        eq(channels.tenantId, tenantId),
        needsPerson(channels),
        channelId === null ? undefined : eq(channels.id, channelId),
        lookedAfterBy(audience),
      ),
    )
    .orderBy(asc(channels.statusSince), asc(channels.id))
    .limit(limit);
}

function lookedAfterBy({ ownerEmail, isAdmin }: Audience): SQL | undefined {
  if (ownerEmail === null) return undefined;
  const isOwn = and(
    eq(channels.kind, 'individual'),
    eq(sql`lower(${channels.owner} ->> 'email')`, ownerEmail.toLowerCase()),
  );
  return isAdmin ? or(isOwn, eq(channels.kind, 'shared')) : isOwn;
}

/** A page of the channels that need a person, by id; locked. */
export async function lockNeedingPerson(
  tx: Transaction,
  { tenantId, after, limit }: { tenantId: string; after: string; limit: number },
): Promise<ChannelRow[]> {
  return tx
    .select()
    .from(channels)
    .where(and(eq(channels.tenantId, tenantId), gt(channels.id, after), needsPerson(channels)))
    .orderBy(channels.id)
    .limit(limit)
    .for('update');
}
