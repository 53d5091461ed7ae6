import { listIncidents } from '../../db/channels/incident-list.ts';
import { json } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import { idCursor, pageOf, parseIdCursor } from '../http/paging.ts';
import { presentIncident } from '../presenters/incident.ts';
import { listInReach, tenantInReach } from '../auth/reach.ts';
import { listOf } from '../schemas/list.ts';
import { incidentOut, incidentsQuery } from '../schemas/events.ts';

const list = defineCall({
  method: 'get',
  path: '/v1/incidents',
  operationId: 'listIncidents',
  summary: 'List incidents, newest first',
  tag: 'Events',
  access: ['channels:read'],
  query: incidentsQuery,
  answers: { 200: json('A page of incidents, open and closed', listOf(incidentOut)) },
  problems: ['invalid_cursor', 'tenant_not_allowed'],
  async run({ context, principal, query }) {
    const tenantId = tenantInReach(principal, query.tenant);
    const { limit, channel: channelId = null, state = null } = query;
    const after = parseIdCursor(query.after);
    const rows = await listInReach(context, tenantId, (tx) =>
      listIncidents(tx, { tenantId, channelId, state, after, limit: limit + 1 }),
    );
    return { status: 200, body: pageOf(rows, limit, { cursor: ({ id }) => idCursor(id), show: presentIncident }) };
  },
});

export const incidentCalls = [list];
