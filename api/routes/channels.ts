import { listChannels } from '../../db/channels/channel-list.ts';
import type { ChannelFilter } from '../../db/channels/channel-list.ts';
import { findChannel, updateChannel } from '../../db/channels/channels.ts';
import type { ChannelRow } from '../../db/channels/channels.ts';
import type { Transaction } from '../../db/client.ts';
import { changeImportMode } from '../../channels/import-mode.ts';
import { findWaysBack } from '../../db/credentials/former-accesses.ts';
import { findCredentialFacts } from '../../db/credentials/token-reads.ts';
import { listChannelSetAside } from '../../db/imports/channel-set-aside.ts';
import { json } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import type { ApiContext } from '../api-context.ts';
import { channelCursor, parseChannelCursor } from '../lists/channel-cursor.ts';
import { pageOf } from '../http/paging.ts';
import { isKnown, requireKnown } from '../connect/known-access-types.ts';
import { refuseWithoutImport } from '../connect/refuse-import.ts';
import { notFound } from '../http/problem.ts';
import { presentChannel } from '../presenters/channel.ts';
import { changeInReach, inChannel, listInReach, tenantInReach } from '../auth/reach.ts';
import { channelOut, deleteQuery, listQuery, patchBody } from '../schemas/channels.ts';
import type { Channel } from '../schemas/channels.ts';
import { listOf } from '../schemas/list.ts';
import { idParams } from '../schemas/parts.ts';
import type { RecipientReference } from '../../db/across-tenants/notices.ts';
import { tellNewPeople } from '../../notifications/lost-recipients.ts';
import { wakeRecipients } from '../../notifications/wake-recipients.ts';
import { eraseSoon } from '../../connections/erase.ts';
import { requestDisconnect } from '../../connections/request-disconnect.ts';

const tag = 'Channels';
const params = idParams('chn');

/** How to show these channels: what stands in other tables is read in one query each. */
export async function presentingChannels(
  context: ApiContext,
  tx: Transaction,
  rows: ChannelRow[],
): Promise<(row: ChannelRow) => Channel> {
  const ids = rows.map(({ id }) => id);
  const facts = await findCredentialFacts(tx, ids);
  const setAside = await listChannelSetAside(tx, ids);
  const waysBack = await findWaysBack(tx, ids, await context.clock.now());
  return (row) =>
    presentChannel(context, row, {
      credential: facts.get(row.id) ?? null,
      setAside: setAside.get(row.id) ?? [],
      wayBack: waysBack.get(row.id) ?? null,
    });
}

export async function showChannel(context: ApiContext, tx: Transaction, row: ChannelRow): Promise<Channel> {
  const show = await presentingChannels(context, tx, [row]);
  return show(row);
}

/** The channel that a sign-in has just stored. Throws 404 where it was erased since. */
export function showConnected(context: ApiContext, tenantId: string, id: string): Promise<Channel> {
  return context.database.inTenant(tenantId, async (tx) => {
    const row = await findChannel(tx, id);
    if (!row) throw notFound('channel');
    return showChannel(context, tx, row);
  });
}

const list = defineCall({
  method: 'get',
  path: '/v1/channels',
  operationId: 'listChannels',
  summary: 'List channels',
  description: 'Filters combine. A key of a tenant sees its own channels alone.',
  tag,
  access: ['channels:read'],
  query: listQuery,
  answers: { 200: json('A page of channels', listOf(channelOut)) },
  problems: ['invalid_cursor', 'tenant_not_allowed'],
  async run({ context, principal, query }) {
    const tenantId = tenantInReach(principal, query.tenant);
    const { limit, sort, status: statuses = null, access_type: accessType = null, q: text = null } = query;
    const after = parseChannelCursor(sort, query.after);
    const filter: ChannelFilter = { tenantId, statuses, accessType, text, sort, after, limit: limit + 1 };
    const body = await listInReach(context, tenantId, async (tx) => {
      await requireUsed(context, tx, filter);
      const rows = await listChannels(tx, filter);
      const show = await presentingChannels(context, tx, rows);
      return pageOf(rows, limit, {
        cursor: ({ position }) => channelCursor(sort, position),
        show,
      });
    });
    return { status: 200, body };
  },
});

/** Refuses an access type that is not known here, unless channels have it: their file may be gone. Throws `Problem`. */
async function requireUsed(
  context: ApiContext,
  tx: Transaction,
  { tenantId, accessType }: ChannelFilter,
): Promise<void> {
  if (accessType === null || isKnown(context, accessType)) return;
  const [one] = await listChannels(tx, { tenantId, accessType, statuses: null, after: null, limit: 1 });
  if (!one) requireKnown(context, 'access_type', accessType, 'query');
}

const get = defineCall({
  method: 'get',
  path: '/v1/channels/:id',
  operationId: 'getChannel',
  summary: 'Read a channel',
  description: 'A disconnected channel stays readable, with `revocation`, until its tenant is erased.',
  tag,
  access: ['channels:read'],
  params,
  answers: { 200: json('The channel', channelOut) },
  async run({ context, principal, params: { id } }) {
    const body = await inChannel(context, { principal, id }, (tx, row) => showChannel(context, tx, row));
    return { status: 200, body };
  },
});

const patch = defineCall({
  method: 'patch',
  path: '/v1/channels/:id',
  operationId: 'updateChannel',
  summary: 'Change a channel’s owner, kind, import mode, refresh policy or metadata',
  description: 'Fields that are left out stay as they are. `metadata` is replaced as a whole.',
  tag,
  access: ['channels:write'],
  params,
  body: patchBody,
  example: { owner: { email: 'ana@example.com', name: 'Ana' }, metadata: { plan: 'pro' } },
  answers: { 200: json('The changed channel', channelOut) },
  problems: ['import_not_supported'],
  async run({ context, principal, params: { id }, body }) {
    const values = {
      ...(body.owner === undefined ? {} : { owner: body.owner }),
      ...(body.kind === undefined ? {} : { kind: body.kind }),
      ...(body.keepWarm === undefined ? {} : { keepWarm: body.keepWarm }),
      ...(body.metadata === undefined ? {} : { metadata: body.metadata }),
    };
    const woken: RecipientReference[] = [];
    const shown = await changeInReach(context, { principal, id }, async ({ tx, now, wake }, row) => {
      if (body.import !== undefined) refuseWithoutImport(context, [row.accessType], body.import);
      const mode = body.import === undefined ? {} : await changeImportMode(tx, row, body.import, now);
      const all = { ...values, ...mode };
      const after = Object.keys(all).length === 0 ? row : await updateChannel(tx, id, all);
      await wake(after);
      const hasOtherPeople = body.owner !== undefined || body.kind !== undefined;
      if (hasOtherPeople) woken.push(...(await tellNewPeople(tx, after, now)));
      return showChannel(context, tx, after);
    });
    await wakeRecipients(context, woken);
    return { status: 200, body: shown };
  },
});

const disconnect = defineCall({
  method: 'delete',
  path: '/v1/channels/:id',
  operationId: 'disconnectChannel',
  summary: 'Disconnect a channel: revoke its grant and delete its credential',
  description:
    'Ends imports, revokes the grant at the provider unless another channel rests on it, and shreds the credential. `revocation` of the channel says what became of the grant, and `revocation_help` what to do by hand.',
  tag,
  access: ['channels:write'],
  params,
  query: deleteQuery,
  answers: { 202: json('The channel, disconnecting', channelOut) },
  async run({ context, principal, params: { id }, query }) {
    const erase = query.erase === 'true';
    const shown = await changeInReach(context, { principal, id }, async (waking, row) =>
      showChannel(context, waking.tx, await requestDisconnect(waking, row, { erase })),
    );
    // Earlier disconnected without it; else its mail goes when it is.
    if (erase && shown.status === 'disconnected') await eraseSoon(context, { tenantId: shown.tenant, channelId: id });
    return { status: 202, body: shown };
  },
});

export const channelCalls = [list, get, patch, disconnect];
