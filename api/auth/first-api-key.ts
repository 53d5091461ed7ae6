import type { Context } from '../../runtime/context.ts';
import { withinReach } from '../../db/across-tenants/reach.ts';
import { insertApiKey } from '../../db/access/api-keys.ts';
import { newId } from '../../db/ids.ts';
import { sha256 } from '../../crypto/random-secrets.ts';
import { SCOPES } from '../http/scopes.ts';

/** Creates the configured key with every scope, unless it exists; a revoked one stays revoked. */
export async function createFirstApiKey(context: Context): Promise<void> {
  const { firstApiKey } = context.config;
  if (firstApiKey === null) return;
  const createdAt = await context.clock.now();
  const row = {
    id: newId('key'),
    name: 'First key',
    hash: sha256(firstApiKey.reveal()),
    tenantId: null,
    scopes: [...SCOPES],
    createdAt,
  };
  const isNew = await withinReach(context.database, null, (tx) => insertApiKey(tx, row));
  if (isNew) context.logger.info({ apiKeyId: row.id }, 'The first API key was created');
}
