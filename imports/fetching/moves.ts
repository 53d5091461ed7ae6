import { findSameHere } from '../../db/messages/messages.ts';
import type { ListedItem, ScopeReference } from '../../providers/contract.ts';
import type { NewArrival } from './fetch.ts';
import type { Stretch } from '../import-run.ts';

/**
 * The known places of messages like these in this folder that are empty now. A message that was moved out and back has
 * a new id, in a folder where otherwise only the id identifies a message: it is the same only if its old place is
 * empty. While the old one is still there, the new one is another message, even with the same headers.
 */
export async function findEmptyPlaces(
  { session, channel, context }: Stretch,
  scope: ScopeReference,
  arrivals: NewArrival[],
): Promise<ListedItem[]> {
  if (!session.stillThere || arrivals.length === 0) return [];
  const fingerprints = [...new Set(arrivals.map(({ fingerprint }) => fingerprint))];
  const generations = [...new Set(arrivals.map(({ item }) => item.generation))];
  const place = { channelId: channel.id, scope: scope.scope };
  const known = await context.database.inTenant(channel.tenantId, (tx) =>
    findSameHere(tx, place, generations, fingerprints),
  );
  if (known.length === 0) return [];
  const there = new Set((await session.stillThere(scope, known)).map(({ providerId }) => providerId));
  return known.filter(({ providerId }) => !there.has(providerId));
}
