import { and, eq } from 'drizzle-orm';
import type { Transaction } from '../../../db/client.ts';
import { importScopes, imports } from '../../../db/schema/imports.ts';

const NOWHERE = { generation: 0, uid: 0 };

/** How far an import that has left the lane is, in the parts that it still lists. */
export async function listOwed(tx: Transaction, channelId: string): Promise<Map<string, typeof NOWHERE>> {
  const rows = await tx
    .select({ scope: importScopes.scope, listing: importScopes.listing, position: importScopes.position })
    .from(importScopes)
    .innerJoin(imports, eq(imports.id, importScopes.importId))
    .where(and(eq(imports.channelId, channelId), imports.owed, eq(importScopes.state, 'listing')));
  return new Map(
    rows.map(({ scope, listing, position }) => [
      scope,
      listing === 'changes' && position ? (JSON.parse(position) as typeof NOWHERE) : NOWHERE,
    ]),
  );
}
