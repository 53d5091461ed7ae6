import { releaseNotices } from '../../db/across-tenants/incidents/mass-reauthorization.ts';
import { countAffected, findIncidentInReach, listIncidentChannels, listIncidents } from '../../db/incidents/list.ts';
import type { IncidentRow } from '../../db/channels/incidents.ts';
import { readServiceLevels } from '../../db/incidents/service-levels.ts';
import { countHeld } from '../../db/notices/held.ts';
import type { Transaction } from '../../db/client.ts';
import { json } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import type { ApiContext } from '../api-context.ts';
import { idCursor, pageOf, parseIdCursor } from '../http/paging.ts';
import { notFound, Problem } from '../http/problem.ts';
import { presentIncident } from '../presenters/incident.ts';
import { presentingChannels } from './channels.ts';
import { listInReach, tenantInReach } from '../auth/reach.ts';
import { channelOut } from '../schemas/channels.ts';
import { listOf } from '../schemas/list.ts';
import { idParams } from '../schemas/parts.ts';
import {
  incidentChannelsQuery,
  incidentOut,
  incidentsQuery,
  serviceLevelsOut,
  serviceLevelsQuery,
} from '../schemas/incidents.ts';
import type { Incident } from '../schemas/incidents.ts';

const tag = 'Events';
const params = idParams('inc');

/** How to show these incidents: what they concern is counted as far as the transaction sees. */
async function presenting(
  context: ApiContext,
  tx: Transaction,
  rows: IncidentRow[],
): Promise<(row: IncidentRow) => Incident> {
  const counts = await countAffected(tx, rows);
  const held = await countHeld(
    tx,
    rows.filter(({ holdsUntil }) => holdsUntil !== null).map(({ id }) => id),
  );
  return (row) => presentIncident(context, row, { counts: counts.get(row.id) ?? null, held: held.get(row.id) ?? 0 });
}

const list = defineCall({
  method: 'get',
  path: '/v1/incidents',
  operationId: 'listIncidents',
  summary: 'List incidents, newest first; what is part of a wider one is left out',
  description:
    'An incident is one problem from its first sign to its recovery. Many channels that fail alike are one incident of the scope `provider` or `client`. A key of a tenant sees of these that they are, with its own counts.',
  tag,
  access: ['channels:read'],
  query: incidentsQuery,
  answers: { 200: json('A page of incidents', listOf(incidentOut)) },
  problems: ['invalid_cursor', 'tenant_not_allowed'],
  async run({ context, principal, query }) {
    const tenantId = tenantInReach(principal, query.tenant);
    const { limit, channel: channelId = null, state = null, scope = null, part_of: partOf = null } = query;
    const filter = { tenantId, channelId, state, scope, partOf, after: parseIdCursor(query.after), limit: limit + 1 };
    const body = await listInReach(context, tenantId, async (tx) => {
      const rows = await listIncidents(tx, filter);
      const show = await presenting(context, tx, rows.slice(0, limit));
      return pageOf(rows, limit, { cursor: ({ id }) => idCursor(id), show });
    });
    return { status: 200, body };
  },
});

/** Reads an incident within the key's reach. Throws 404. */
function inIncident<T>(
  context: ApiContext,
  { tenantId, id }: { tenantId: string | null; id: string },
  read: (tx: Transaction, row: IncidentRow) => Promise<T>,
): Promise<T> {
  return listInReach(context, tenantId, async (tx) => {
    const row = await findIncidentInReach(tx, { id, tenantId });
    if (!row) throw notFound('incident');
    return read(tx, row);
  });
}

const show = (context: ApiContext) => async (tx: Transaction, row: IncidentRow) =>
  (await presenting(context, tx, [row]))(row);

const get = defineCall({
  method: 'get',
  path: '/v1/incidents/:id',
  operationId: 'getIncident',
  summary: 'Read an incident',
  description: '`what_to_do` says it in words for the operator.',
  tag,
  access: ['channels:read'],
  params,
  answers: { 200: json('The incident', incidentOut) },
  async run({ context, principal: { tenantId }, params: { id } }) {
    return { status: 200, body: await inIncident(context, { tenantId, id }, show(context)) };
  },
});

const listChannels = defineCall({
  method: 'get',
  path: '/v1/incidents/:id/channels',
  operationId: 'listIncidentChannels',
  summary: 'List the channels that an incident concerns',
  description: 'Those that the key sees, as they are now.',
  tag,
  access: ['channels:read'],
  params,
  query: incidentChannelsQuery,
  answers: { 200: json('A page of channels', listOf(channelOut)) },
  problems: ['invalid_cursor'],
  async run({ context, principal: { tenantId }, params: { id }, query: { limit, after } }) {
    const page = { after: parseIdCursor(after), limit: limit + 1 };
    const body = await inIncident(context, { tenantId, id }, async (tx, incident) => {
      const rows = await listIncidentChannels(tx, incident, page);
      const showOne = await presentingChannels(context, tx, rows.slice(0, limit));
      return pageOf(rows, limit, { cursor: (row) => idCursor(row.id), show: showOne });
    });
    return { status: 200, body };
  },
});

const release = defineCall({
  method: 'post',
  path: '/v1/incidents/:id/release',
  operationId: 'releaseIncident',
  summary: 'Release the notices that an incident holds',
  description:
    'Mails about an incident of many tenants wait up to 30 minutes for the operator. Released ones go out at once.',
  tag,
  access: ['incidents:write'],
  params,
  answers: { 200: json('The incident, which holds nothing any more', incidentOut) },
  problems: ['nothing_held', 'tenant_not_allowed'],
  async run({ context, principal: { tenantId }, params: { id } }) {
    const row = await inIncident(context, { tenantId, id }, async (_, found) => found);
    if (tenantId !== null && row.tenantId === null)
      throw new Problem('tenant_not_allowed', 'Incidents of many tenants are the operator’s');
    const now = await context.clock.now();
    if (row.holdsUntil === null || row.holdsUntil <= now)
      throw new Problem('nothing_held', 'The incident holds no notices');
    await releaseNotices(context.database, id, now);
    return { status: 200, body: await inIncident(context, { tenantId, id }, show(context)) };
  },
});

const DAY_MS = 86_400_000;

const serviceLevels = defineCall({
  method: 'get',
  path: '/v1/service-levels',
  operationId: 'getServiceLevels',
  summary: 'Read how long people’s trouble took to be detected, told, repaired and made up for',
  description:
    'From the trouble to its detection, to the first notice, to the sign-in, and to the end of the import, as percentiles over the last days.',
  tag,
  access: ['channels:read'],
  query: serviceLevelsQuery,
  answers: { 200: json('Percentiles in seconds', serviceLevelsOut) },
  problems: ['tenant_not_allowed'],
  async run({ context, principal, query: { tenant, days } }) {
    const tenantId = tenantInReach(principal, tenant);
    const to = await context.clock.now();
    const since = new Date(to.getTime() - days * DAY_MS);
    const levels = await listInReach(context, tenantId, (tx) => readServiceLevels(tx, { tenantId, since }));
    const body = {
      from: since.toISOString(),
      to: to.toISOString(),
      detect_s: levels.detect,
      tell_s: levels.tell,
      reauthorize_s: levels.reauthorize,
      close_gap_s: levels.closeGap,
    };
    return { status: 200, body };
  },
});

export const incidentCalls = [list, get, listChannels, release, serviceLevels];
