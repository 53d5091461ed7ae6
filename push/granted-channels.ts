import { listChannelsOfGrants } from '../db/across-tenants/security-events.ts';
import type { GrantedChannel, GrantsOf } from '../db/across-tenants/security-events.ts';
import type { ProviderName } from '../domain/access-type.ts';
import type { Context } from '../runtime/context.ts';

/** The live channels, of any tenant, that rest on grants of this authorization server. */
export function findGrantedChannels(
  { database, providers }: Pick<Context, 'database' | 'providers'>,
  provider: ProviderName,
  about: GrantsOf['about'],
): Promise<GrantedChannel[]> {
  const ownTypes = [...providers.values()].flatMap(({ name, accessType }) => (name === provider ? [accessType] : []));
  return listChannelsOfGrants(database, { provider, ownTypes, about });
}
