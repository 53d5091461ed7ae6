import { eq } from 'drizzle-orm';
import type { Database } from '../client.ts';
import { channels } from '../schema/channels.ts';
import { imports } from '../schema/imports.ts';
import { links, signIns } from '../schema/links.ts';
import { messages } from '../schema/messages.ts';

const OWNED = { channel: channels, link: links, import: imports, message: messages } as const;

/** The tenant of a row; null: no such row. The row itself is then read in that tenant. */
export async function findTenantOf(database: Database, kind: keyof typeof OWNED, id: string): Promise<string | null> {
  const table = OWNED[kind];
  return database.acrossTenants(async (tx) => {
    const [row] = await tx.select({ tenantId: table.tenantId }).from(table).where(eq(table.id, id));
    return row?.tenantId ?? null;
  });
}

/** The link of an address, which is the only right that its holder needs. */
export async function findLinkByHash(
  database: Database,
  hash: string,
): Promise<{ id: string; tenantId: string } | null> {
  return database.acrossTenants(async (tx) => {
    const [row] = await tx.select({ id: links.id, tenantId: links.tenantId }).from(links).where(eq(links.hash, hash));
    return row ?? null;
  });
}

/** The tenant of the sign-in with this `state`. */
export async function findTenantOfSignIn(database: Database, stateHash: string): Promise<string | null> {
  return database.acrossTenants(async (tx) => {
    const [row] = await tx.select({ tenantId: signIns.tenantId }).from(signIns).where(eq(signIns.stateHash, stateHash));
    return row?.tenantId ?? null;
  });
}
