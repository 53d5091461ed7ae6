import { sql } from 'drizzle-orm';
import type { Database } from '../client.ts';
import { tenants } from '../schema/tenants.ts';

/** Whether any tenant's policy lets pages of this origin show a banner. */
export function isBannerOrigin(database: Database, origin: string): Promise<boolean> {
  return database.acrossTenants(async (tx) => {
    const rows = await tx
      .select({ id: tenants.id })
      .from(tenants)
      .where(sql`${tenants.policy} -> 'banner_origins' ? ${origin}`)
      .limit(1);
    return rows.length > 0;
  });
}
