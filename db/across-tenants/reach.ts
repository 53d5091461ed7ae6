import type { Database, Transaction } from '../client.ts';

/** Work within the reach of a key: its own tenant, or for a key that sees every tenant (null) all of them. */
export async function withinReach<T>(
  database: Pick<Database, 'inTenant' | 'acrossTenants'>,
  tenantId: string | null,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  return tenantId === null ? database.acrossTenants(work) : database.inTenant(tenantId, work);
}

/** A look-up that no other work holds up: the caller is not known yet, nor its tenant. */
export function lookUp<T>(database: Pick<Database, 'lookups'>, work: (tx: Transaction) => Promise<T>): Promise<T> {
  return database.lookups.acrossTenants(work);
}

/** Throws where the login may not take the role that looks across tenants. */
export async function tryRoleAcrossTenants(database: Database): Promise<void> {
  await database.acrossTenants(async () => {});
}
