import { sha256 } from '../crypto/random-secrets.ts';
import { normalAddress } from '../domain/address.ts';

/** Names a recipient of a tenant in histories and logs, which hold no address. */
export function recipientIdOf(tenantId: string, address: string | null): string {
  return sha256(JSON.stringify([tenantId, normalAddress(address ?? '')])).slice(0, 32);
}
