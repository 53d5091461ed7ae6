import { and, eq, lte } from 'drizzle-orm';
import type { AccessType } from '../../domain/access-type.ts';
import type { Transaction } from '../client.ts';
import { servedAccessTypes } from '../schema/served.ts';

/** True when no living worker has the access type's provider. A type that no worker ever named is given time. */
export async function isUnserved(tx: Transaction, accessType: AccessType, now: Date): Promise<boolean> {
  const { servedUntil } = servedAccessTypes;
  const [row] = await tx
    .select({ servedUntil })
    .from(servedAccessTypes)
    .where(and(eq(servedAccessTypes.accessType, accessType), lte(servedUntil, now)));
  return row !== undefined;
}
