import { and, eq, gt } from 'drizzle-orm';
import type { ProviderName } from '../../domain/access-type.ts';
import type { SecurityEvent } from '../../domain/security/security-event.ts';
import type { Transaction } from '../client.ts';
import { securityEvents } from '../schema/security-events.ts';

/** The events of a login that the provider issued after `since`. */
export async function listSecurityEvents(
  tx: Transaction,
  { provider, providerId, since }: { provider: ProviderName; providerId: string; since: Date },
): Promise<SecurityEvent[]> {
  return tx
    .select({
      kind: securityEvents.kind,
      detail: securityEvents.detail,
      at: securityEvents.issuedAt,
      receivedAt: securityEvents.receivedAt,
    })
    .from(securityEvents)
    .where(
      and(
        eq(securityEvents.provider, provider),
        eq(securityEvents.providerId, providerId),
        gt(securityEvents.issuedAt, since),
      ),
    );
}
