import { changeChannel } from '../../channels/wake.ts';
import type { Waking } from '../../channels/wake.ts';
import { findTenantOf } from '../../db/across-tenants/owners.ts';
import { withinReach } from '../../db/across-tenants/reach.ts';
import { findChannel } from '../../db/channels/channels.ts';
import type { ChannelRow } from '../../db/channels/channels.ts';
import type { Transaction } from '../../db/client.ts';
import type { ApiContext } from '../api-context.ts';
import { Problem, notFound } from '../http/problem.ts';
import type { Principal } from '../http/scopes.ts';

/** The tenant of a list: the requested one, or the key's own; null: every tenant. Throws 403. */
export function tenantInReach(principal: Principal, asked: string | undefined): string | null {
  const { tenantId } = principal;
  if (asked === undefined || tenantId === null || asked === tenantId) return asked ?? tenantId;
  throw new Problem('tenant_not_allowed', 'The API key belongs to another tenant');
}

/** The tenant of a row that the key may see. Throws the same 404 for another tenant's row and for no row. */
export async function tenantOf(
  context: ApiContext,
  principal: Principal,
  kind: 'channel' | 'link' | 'import' | 'message',
  id: string,
): Promise<string> {
  const tenantId = principal.tenantId ?? (await findTenantOf(context.database, kind, id));
  if (tenantId === null) throw notFound(kind);
  return tenantId;
}

/** Reads a channel in its tenant. Throws 404. */
export async function inChannel<T>(
  context: ApiContext,
  { principal, id }: { principal: Principal; id: string },
  read: (tx: Transaction, channel: ChannelRow) => Promise<T>,
): Promise<T> {
  const tenantId = await tenantOf(context, principal, 'channel', id);
  return context.database.inTenant(tenantId, async (tx) => {
    const channel = await findChannel(tx, id);
    if (!channel) throw notFound('channel');
    return read(tx, channel);
  });
}

/** Changes a channel in its tenant, with its row locked; what it tells the workflow is signalled. Throws 404. */
export async function changeInReach<T extends object>(
  context: ApiContext,
  { principal, id }: { principal: Principal; id: string },
  change: (waking: Waking, channel: ChannelRow) => Promise<T>,
): Promise<T> {
  const tenantId = await tenantOf(context, principal, 'channel', id);
  const changed = await changeChannel(context, { tenantId, channelId: id }, change);
  if (changed === null) throw notFound('channel');
  return changed;
}

/** A list within the key's reach: it may be slow, and has connections of its own. */
export function listInReach<T>(
  context: ApiContext,
  tenantId: string | null,
  list: (tx: Transaction) => Promise<T>,
): Promise<T> {
  return withinReach(context.database.lists, tenantId, list);
}
