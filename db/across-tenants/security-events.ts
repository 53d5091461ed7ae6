import { and, arrayOverlaps, asc, eq, inArray, isNull, lt, lte, or } from 'drizzle-orm';
import type { AccessType, ProviderName } from '../../domain/access-type.ts';
import type { Database } from '../client.ts';
import { channels, hasNotLeft } from '../schema/channels.ts';
import { credentials } from '../schema/credentials.ts';
import { securityEvents } from '../schema/security-events.ts';

export type SecurityEventRow = typeof securityEvents.$inferInsert & { issuedAt: Date };

export interface GrantedChannel {
  channelId: string;
  tenantId: string;
  providerId: string;
}

/** The grants that an event is about: those of a login, or the one of a refresh token. */
export interface GrantsOf {
  provider: ProviderName;
  /** Access types whose grants are this provider's where the credential names none. */
  ownTypes: readonly AccessType[];
  /** The provider's id of the login, or the hashes that one of the token's names may have. */
  about: { providerId: string } | { identifiers: string[] };
}

/** The live channels, of any tenant, that rest on these grants. */
export async function listChannelsOfGrants(database: Database, grants: GrantsOf): Promise<GrantedChannel[]> {
  const { provider, ownTypes, about } = grants;
  const named =
    'providerId' in about
      ? eq(channels.accountProviderId, about.providerId)
      : arrayOverlaps(credentials.tokenIdentifiers, about.identifiers);
  const unnamed = and(isNull(credentials.oauthProvider), inArray(channels.accessType, [...ownTypes]));
  return database.acrossTenants((tx) =>
    tx
      .select({ channelId: channels.id, tenantId: channels.tenantId, providerId: channels.accountProviderId })
      .from(channels)
      .innerJoin(credentials, eq(credentials.channelId, channels.id))
      .where(
        and(
          named,
          eq(credentials.kind, 'oauth'),
          or(eq(credentials.oauthProvider, provider), unnamed),
          hasNotLeft(channels.status),
        ),
      ),
  );
}

/** Stores what a token says. Returns whether every channel has been told of it before. */
export async function storeSecurityEvents(database: Database, rows: SecurityEventRow[]): Promise<boolean> {
  const [first] = rows;
  if (!first) return false;
  return database.acrossTenants(async (tx) => {
    await tx.insert(securityEvents).values(rows).onConflictDoNothing();
    const stored = await tx.select({ toldAt: securityEvents.toldAt }).from(securityEvents).where(isToken(first));
    return stored.every(({ toldAt }) => toldAt !== null);
  });
}

/** Marks that every channel was told: from now on a repetition of the token is known. */
export async function markSecurityEventsTold(
  database: Database,
  token: Pick<SecurityEventRow, 'provider' | 'tokenId'>,
  now: Date,
): Promise<void> {
  await database.acrossTenants((tx) => tx.update(securityEvents).set({ toldAt: now }).where(isToken(token)));
}

const isToken = ({ provider, tokenId }: Pick<SecurityEventRow, 'provider' | 'tokenId'>) =>
  and(eq(securityEvents.provider, provider), eq(securityEvents.tokenId, tokenId));

/** The events whose cause is to be settled by now; the oldest first. */
export async function listCertainEvents(
  database: Database,
  { now, limit }: { now: Date; limit: number },
): Promise<Pick<typeof securityEvents.$inferSelect, 'provider' | 'providerId' | 'tokenId' | 'position'>[]> {
  const { provider, providerId, tokenId, position } = securityEvents;
  return database.acrossTenants((tx) =>
    tx
      .select({ provider, providerId, tokenId, position })
      .from(securityEvents)
      .where(lte(securityEvents.certainAt, now))
      .orderBy(asc(securityEvents.certainAt))
      .limit(limit),
  );
}

/** `certainAt`: when the cause is settled, or tried again; null: never. */
export async function setCertainty(
  database: Database,
  event: Pick<SecurityEventRow, 'provider' | 'tokenId' | 'position'>,
  certainAt: Date | null,
): Promise<void> {
  const isEvent = and(isToken(event), eq(securityEvents.position, event.position));
  await database.acrossTenants((tx) => tx.update(securityEvents).set({ certainAt }).where(isEvent));
}

/** Deletes events from before a time; returns how many. A repetition of one of them would cause one more check. */
export async function forgetSecurityEvents(
  database: Database,
  { before, limit }: { before: Date; limit: number },
): Promise<number> {
  return database.acrossTenants(async (tx) => {
    const old = await tx
      .select({ tokenId: securityEvents.tokenId })
      .from(securityEvents)
      .where(lt(securityEvents.receivedAt, before))
      .limit(limit);
    const ids = [...new Set(old.map(({ tokenId }) => tokenId))];
    if (ids.length === 0) return 0;
    const gone = and(inArray(securityEvents.tokenId, ids), lt(securityEvents.receivedAt, before));
    await tx.delete(securityEvents).where(gone);
    return old.length;
  });
}
