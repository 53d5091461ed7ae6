import { createHash } from 'node:crypto';
import type { ProviderName } from '../domain/access-type.ts';

/**
 * A grant is a client and a login, of any access type. Hashed, because it is compared across tenants.
 * @param login the provider's own id of the login
 */
export function grantKeyOf(provider: ProviderName, clientId: string, login: string): string {
  return createHash('sha256')
    .update(JSON.stringify([provider, clientId, login]))
    .digest('hex');
}
