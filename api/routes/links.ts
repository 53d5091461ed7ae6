import { findLink } from '../../db/access/links.ts';
import type { LinkSpec } from '../../db/access/links.ts';
import { findChannel } from '../../db/channels/channels.ts';
import type { ChannelRow } from '../../db/channels/channels.ts';
import type { Transaction } from '../../db/client.ts';
import { readLinkEnd } from '../../connections/link-end.ts';
import { reauthorizeSpec } from '../../connections/new-link.ts';
import { ensureTenant, findPolicy } from '../../db/access/tenants.ts';
import type { AccessType } from '../../domain/access-type.ts';
import { json } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import type { ApiContext } from '../api-context.ts';
import { requireKnown } from '../connect/known-access-types.ts';
import { createLink } from '../connect/new-link.ts';
import { importsNothing, refuseWithoutImport } from '../connect/refuse-import.ts';
import { waysTo } from '../connect/ways-to.ts';
import { Problem, notFound } from '../http/problem.ts';
import { inChannel, tenantInReach, tenantOf } from '../auth/reach.ts';
import { linkBody, linkOut, linkStateOut, reauthorizeBody } from '../schemas/links.ts';
import type { LinkBody, ReauthorizeBody } from '../schemas/links.ts';
import { idParams } from '../schemas/parts.ts';
import { LEFT, isOneOf } from '../../domain/channel.ts';

const tag = 'Links';

const get = defineCall({
  method: 'get',
  path: '/v1/links/:id',
  operationId: 'getLink',
  summary: 'Read whether a link has been used, and its result',
  description: 'A failed sign-in leaves the link usable: `result` then says what failed, and `done` stays false.',
  tag,
  access: ['links:write', 'channels:read'],
  params: idParams('lnk'),
  answers: { 200: json('The link', linkStateOut) },
  async run({ context, principal, params: { id } }) {
    const tenantId = await tenantOf(context, principal, 'link', id);
    const body = await context.database.inTenant(tenantId, async (tx) => {
      const link = await findLink(tx, id);
      if (!link) throw notFound('link');
      const channel = link.channelId === null ? null : await findChannel(tx, link.channelId);
      const { done, result, expiresAt } = await readLinkEnd(tx, link, channel);
      return { purpose: link.purpose, done, result, expires_at: expiresAt.toISOString() };
    });
    return { status: 200, body };
  },
});

const create = defineCall({
  method: 'post',
  path: '/v1/links',
  operationId: 'createLink',
  summary: 'Make a connect link for a person',
  description:
    'Send its `url` to the owner of the account, or open it with `mooring.open`. The person needs no login to your product. The link is a secret, is good for one sign-in, and expires. A tenant that does not exist yet is made.',
  tag,
  access: ['links:write'],
  body: linkBody,
  example: { tenant: 'acme', access_types: ['gmail'], owner: { email: 'ana@example.com', name: 'Ana' } },
  answers: { 201: json('The link; its address is shown only in this answer', linkOut) },
  problems: ['tenant_not_allowed', 'tenant_erasing', 'access_type_not_allowed', 'import_not_supported'],
  async run({ context, principal, body }) {
    tenantInReach(principal, body.tenant);
    requireKnown(context, 'access_types', body.accessTypes);
    requireConfigured(context, body.accessTypes);
    const { accessTypes = [], import: mode, importFrom } = body;
    if (mode !== undefined || importFrom !== undefined) refuseWithoutImport(context, accessTypes, mode);
    const now = await context.clock.now();
    const created = await context.database.inTenant(body.tenant, async (tx) => {
      const tenant = await ensureTenant(tx, body.tenant, now);
      if (tenant.eraseRequestedAt)
        throw new Problem('tenant_erasing', 'The tenant is being erased; no account can be connected');
      const link = { tenantId: body.tenant, channelId: null, spec: specOf(context, body), ...pageOf(body) };
      return createLink(context, tx, { ...link, purpose: 'connect' }, now);
    });
    return { status: 201, body: created };
  },
});

/** Refuses access types that are not configured: the page would offer an empty choice. */
function requireConfigured(context: ApiContext, accessTypes: string[] | undefined): void {
  const known = [...context.providers.keys()] as string[];
  const unknown = accessTypes?.filter((accessType) => !known.includes(accessType)) ?? [];
  if (unknown.length === 0) return;
  throw new Problem(
    'access_type_not_allowed',
    `Not configured here: ${unknown.join(', ')}; configured: ${known.join(', ')}`,
  );
}

function specOf(context: ApiContext, body: LinkBody): LinkSpec {
  const { accessTypes = [] } = body;
  const hasImport = accessTypes.length === 0 || accessTypes.some((accessType) => !importsNothing(context, accessType));
  return {
    kind: body.kind,
    owner: body.owner ?? null,
    accessTypes: body.accessTypes ?? null,
    uses: body.uses,
    import: body.import ?? (hasImport ? 'continuous' : 'off'),
    importFrom: body.importFrom ?? null,
    mailbox: body.mailbox ?? null,
    namespaces: body.namespaces ?? null,
  };
}

const reauthorize = defineCall({
  method: 'post',
  path: '/v1/channels/:id/reauthorize-links',
  operationId: 'createReauthorizeLink',
  summary: 'Make a link with which a channel’s person signs in again, also while the channel works',
  description:
    'The sign-in has to be for the same account: another one is refused as `account_mismatch`, and changes nothing. With `change_access` the channel moves to another access of the same mailbox, and keeps its id, history and settings.',
  tag,
  access: ['links:write'],
  params: idParams('chn'),
  body: reauthorizeBody,
  example: { return_to: 'https://your.app/done' },
  answers: { 201: json('The link; its address is shown only in this answer', linkOut) },
  problems: ['disconnected', 'access_type_not_allowed'],
  async run({ context, principal, params: { id }, body }) {
    requireKnown(context, 'access_types', body.accessTypes);
    requireConfigured(context, body.accessTypes);
    const now = await context.clock.now();
    const created = await inChannel(context, { principal, id }, async (tx, row) => {
      if (isOneOf(LEFT, row.status)) {
        throw new Problem('disconnected', 'The channel is disconnected; connect the account with a new link');
      }
      const accessTypes = await offeredAccess(context, tx, row, body);
      const { allowServerChange, attested, uses = [] } = body;
      const spec = { ...reauthorizeSpec(row, uses), accessTypes, allowServerChange, attested };
      const link = { tenantId: row.tenantId, purpose: body.purpose, channelId: id, spec, ...pageOf(body) };
      return createLink(context, tx, link, now);
    });
    return { status: 201, body: created };
  },
});

/** The product's page that the person comes from, and goes back to. */
const pageOf = ({ returnTo, origin }: LinkBody | ReauthorizeBody) => ({
  returnTo: returnTo ?? null,
  origin: origin ?? null,
});

/** The access types of the link; null: all that reach the mailbox. Throws `Problem`. */
async function offeredAccess(
  context: ApiContext,
  tx: Transaction,
  row: ChannelRow,
  { purpose, accessTypes: wanted }: ReauthorizeBody,
): Promise<AccessType[] | null> {
  if (purpose === 'reauthorize') {
    refuseOtherAccess(row.accessType, wanted);
    return [row.accessType];
  }
  const reachable = waysTo(context, row);
  const allowed = (await findPolicy(tx, row.tenantId)).accessTypes;
  const refused = wanted?.filter((type) => !reachable.includes(type) || !(allowed?.includes(type) ?? true)) ?? [];
  const choices = (wanted ?? reachable).filter((type) => allowed?.includes(type) ?? true);
  if (refused.length === 0 && choices.length > 0) return wanted ?? null;
  const named = allowed === null ? '' : ` The tenant allows ${allowed.join(', ')}.`;
  throw new Problem(
    'access_type_not_allowed',
    `${(wanted ? refused : reachable).join(', ')} cannot be used for this channel.${named}`,
  );
}

/** A reauthorization keeps its channel's access type; another one is a change of access. */
function refuseOtherAccess(accessType: AccessType, wanted: AccessType[] = []): void {
  if (wanted.every((type) => type === accessType)) return;
  throw new Problem(
    'access_type_not_allowed',
    `This channel is reached by ${accessType}; another access type needs a link with the purpose change_access`,
  );
}

export const linkCalls = [create, get, reauthorize];
