import { and, eq, inArray } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import { normalAddress } from '../../domain/address.ts';
import type { Unreachable } from '../../domain/notices/notice.ts';
import type { Transaction } from '../client.ts';
import { refusedAddresses, unsubscribes } from '../schema/notices.ts';

/** The person wants no more mail about this channel. */
export async function insertUnsubscribe(
  tx: Transaction,
  row: { tenantId: string; channelId: string; address: string; at: Date },
): Promise<void> {
  await tx
    .insert(unsubscribes)
    .values({ ...row, address: normalAddress(row.address) })
    .onConflictDoNothing();
}

/** A mail server refused the address for good; the newest reason stays. */
export async function insertRefusedAddress(
  tx: Transaction,
  row: Omit<InferSelectModel<typeof refusedAddresses>, 'address'> & { address: string },
): Promise<void> {
  const { at, reason, source } = row;
  await tx
    .insert(refusedAddresses)
    .values({ ...row, address: normalAddress(row.address) })
    .onConflictDoUpdate({
      target: [refusedAddresses.tenantId, refusedAddresses.address],
      set: { at, reason, source },
    });
}

/** Which of these addresses are told nothing about this channel, by their normal form. */
export async function findUnreachable(
  tx: Transaction,
  { tenantId, channelId, addresses }: { tenantId: string; channelId: string; addresses: string[] },
): Promise<Map<string, Unreachable>> {
  if (addresses.length === 0) return new Map();
  const normal = addresses.map(normalAddress);
  const left = await tx
    .select({ address: unsubscribes.address })
    .from(unsubscribes)
    .where(and(eq(unsubscribes.channelId, channelId), inArray(unsubscribes.address, normal)));
  const refused = await tx
    .select({ address: refusedAddresses.address })
    .from(refusedAddresses)
    .where(and(eq(refusedAddresses.tenantId, tenantId), inArray(refusedAddresses.address, normal)));
  return new Map([
    ...left.map(({ address }) => [address, 'unsubscribed'] as const),
    ...refused.map(({ address }) => [address, 'address_refused'] as const),
  ]);
}
