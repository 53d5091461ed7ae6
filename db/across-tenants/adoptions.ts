import { and, eq, isNotNull, isNull, sql } from 'drizzle-orm';
import type { AccessType } from '../../domain/access-type.ts';
import type { AdoptionRow } from '../credentials/adoptions.ts';
import type { Database } from '../client.ts';
import { adoptions } from '../schema/adoptions.ts';

/** Leases answered adoptions of an access type, without a holder, until `until`. Each goes to one of several workers. */
export async function takeAdoptionsToFinish(
  database: Database,
  accessType: AccessType,
  { holder, now, until, limit }: { holder: string; now: Date; until: Date; limit: number },
): Promise<AdoptionRow[]> {
  return database.acrossTenants(async (tx) => {
    const due = tx
      .select({ tenantId: adoptions.tenantId, tokenHash: adoptions.tokenHash })
      .from(adoptions)
      .where(
        and(
          eq(adoptions.accessType, accessType),
          isNotNull(adoptions.sealedAnswer),
          isNull(adoptions.channelId),
          sql`${adoptions.dueAt} <= ${now.toISOString()}`,
        ),
      )
      .orderBy(adoptions.dueAt)
      .limit(limit)
      .for('update', { skipLocked: true });
    return tx
      .update(adoptions)
      .set({ holder, dueAt: until, failure: null, tries: sql`${adoptions.tries} + 1` })
      .where(sql`(${adoptions.tenantId}, ${adoptions.tokenHash}) in ${due}`)
      .returning();
  });
}
