import { dropAdoptionsOfTenant } from '../../db/credentials/adoptions.ts';
import { listChannels } from '../../db/channels/channel-list.ts';
import type { ListedChannel } from '../../db/channels/channel-list.ts';
import {
  ensureTenant,
  findPolicy,
  findTenant,
  listTenants,
  requestTenantErasure,
  setPolicy,
} from '../../db/access/tenants.ts';
import { requireKnown } from '../connect/known-access-types.ts';
import { json } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import type { ApiContext } from '../api-context.ts';
import { idCursor, pageOf, parseIdCursor } from '../http/paging.ts';
import { notFound } from '../http/problem.ts';
import { presentPolicy } from '../presenters/policy.ts';
import { listInReach, tenantInReach } from '../auth/reach.ts';
import { listOf } from '../schemas/list.ts';
import { policyBody, policyOut } from '../schemas/policy.ts';
import { erasureOut, tenantOut, tenantParams, tenantsQuery } from '../schemas/tenants.ts';
import { moveReminders } from '../../channels/move-reminders.ts';
import { changeChannel } from '../../channels/wake.ts';
import { eraseTenant, someTime } from '../../connections/erase.ts';
import { requestDisconnect } from '../../connections/request-disconnect.ts';

const tag = 'Tenants';
const params = tenantParams;

const list = defineCall({
  method: 'get',
  path: '/v1/tenants',
  operationId: 'listTenants',
  summary: 'List tenants with their numbers of channels',
  description: 'A key of a tenant sees itself alone. `broken` counts the channels that need a person.',
  tag,
  access: ['channels:read'],
  query: tenantsQuery,
  answers: { 200: json('A page of tenants', listOf(tenantOut)) },
  problems: ['invalid_cursor'],
  async run({ context, principal, query }) {
    const { limit } = query;
    const after = parseIdCursor(query.after);
    const rows = await listInReach(context, principal.tenantId, (tx) => listTenants(tx, after, limit + 1));
    const body = pageOf(rows, limit, {
      cursor: ({ id }) => idCursor(id),
      show: (row) => ({
        id: row.id,
        channels: row.channelCount,
        broken: row.brokenCount,
        erasing: row.eraseRequestedAt !== null,
        created_at: row.createdAt.toISOString(),
      }),
    });
    return { status: 200, body };
  },
});

const getPolicy = defineCall({
  method: 'get',
  path: '/v1/tenants/:id/policy',
  operationId: 'getTenantPolicy',
  summary: 'Read a tenant’s policy',
  description: 'A tenant without a policy of its own has the defaults.',
  tag,
  access: ['channels:read', 'admin'],
  params,
  answers: { 200: json('The policy, with defaults where none was set', policyOut) },
  problems: ['tenant_not_allowed'],
  async run({ context, principal, params: { id } }) {
    tenantInReach(principal, id);
    const policy = await context.database.inTenant(id, (tx) => findPolicy(tx, id));
    return { status: 200, body: presentPolicy(policy) };
  },
});

const putPolicy = defineCall({
  method: 'put',
  path: '/v1/tenants/:id/policy',
  operationId: 'setTenantPolicy',
  summary: 'Set a tenant’s policy; fields left out return to their defaults',
  description: 'It is replaced as a whole. A new `reminders_days` moves the reminders of incidents that are open.',
  tag,
  access: ['admin'],
  params,
  body: policyBody,
  example: { access_types: ['gmail', 'imap'], admins: [{ email: 'ada@example.com', name: 'Ada' }], retention_days: 30 },
  answers: { 200: json('The policy', policyOut) },
  problems: ['tenant_not_allowed'],
  async run({ context, principal, params: { id }, body }) {
    tenantInReach(principal, id);
    // A policy may name an access type before its provider is configured.
    requireKnown(context, 'access_types', body.accessTypes);
    const now = await context.clock.now();
    await context.database.inTenant(id, async (tx) => {
      await ensureTenant(tx, id, now);
      await setPolicy(tx, id, body);
    });
    await moveReminders(context, id);
    return { status: 200, body: presentPolicy(body) };
  },
});

const erase = defineCall({
  method: 'delete',
  path: '/v1/tenants/:id',
  operationId: 'eraseTenant',
  summary: 'Erase a tenant: disconnect its channels, then delete everything',
  description:
    'Revokes and shreds every credential first. 202 says that channels are still being disconnected, or that there is much to delete: repeat the call, or wait; the rest follows by itself. It cannot be undone.',
  tag,
  access: ['admin'],
  params,
  answers: {
    200: json('The tenant is erased', erasureOut),
    202: json('The channels are being disconnected; the deletion follows', erasureOut),
  },
  problems: ['tenant_not_allowed'],
  async run({ context, principal, params: { id } }) {
    tenantInReach(principal, id);
    const now = await context.clock.now();
    await context.database.inTenant(id, async (tx) => {
      if (!(await findTenant(tx, id))) throw notFound('tenant');
      await requestTenantErasure(tx, id, now);
      await dropAdoptionsOfTenant(tx, id);
    });
    await disconnectAll(context, id);
    const erased = await eraseTenant(context, id, someTime());
    return { status: erased ? 200 : 202, body: { id, erased } };
  },
});

/** One transaction per channel, so that none is long; a repeated request continues where this one stopped. */
async function disconnectAll(context: ApiContext, tenantId: string): Promise<void> {
  const filter = { tenantId, statuses: null, accessType: null, limit: 200 };
  let page: ListedChannel[] = [];
  do {
    const after = page.at(-1)?.position ?? null;
    page = await context.database.inTenant(tenantId, (tx) => listChannels(tx, { ...filter, after }));
    for (const { id: channelId } of page) {
      await changeChannel(context, { tenantId, channelId }, async (waking, row) => {
        if (row.status !== 'disconnected') await requestDisconnect(waking, row, { erase: true });
      });
    }
  } while (page.length > 0);
}

export const tenantCalls = [list, getPolicy, putPolicy, erase];
