import { listTenantsOfRecipient } from '../../../db/across-tenants/notices.ts';
import { findTenantOf } from '../../../db/across-tenants/owners.ts';
import { listNotices } from '../../../db/notices/notices.ts';
import { recordBounce } from '../../../notifications/lost-recipients.ts';
import { requestNotices } from '../../../notifications/request-notices.ts';
import type { RequestedNotices } from '../../../notifications/request-notices.ts';
import { listInReach, tenantInReach } from '../../auth/reach.ts';
import { empty, json } from '../../http/answers.ts';
import { defineCall } from '../../http/call.ts';
import { idCursor, pageOf, parseIdCursor } from '../../http/paging.ts';
import { presentNotice } from '../../presenters/notice.ts';
import { listOf } from '../../schemas/list.ts';
import { bounceBody, noticeOut, noticesQuery, requestNoticesBody, requestedNoticesOut } from '../../schemas/notices.ts';

const tag = 'Notices';

const list = defineCall({
  method: 'get',
  path: '/v1/notices',
  operationId: 'listNotices',
  summary: 'List who was told what and when, newest first',
  description:
    'One entry for each person and channel, also where several share a mail, and also where none was sent, with the reason.',
  tag,
  access: ['channels:read'],
  query: noticesQuery,
  answers: { 200: json('A page of notices: sent, held, failed and suppressed', listOf(noticeOut)) },
  problems: ['invalid_cursor', 'tenant_not_allowed'],
  async run({ context, principal, query }) {
    const tenantId = tenantInReach(principal, query.tenant);
    const { limit, channel: channelId = null, incident: incidentId = null, kind = null } = query;
    const state = query.state === 'held' ? 'queued' : (query.state ?? null);
    const after = parseIdCursor(query.after);
    const rows = await listInReach(context, tenantId, (tx) =>
      listNotices(tx, { tenantId, channelId, incidentId, kind, state, after, limit: limit + 1 }),
    );
    return { status: 200, body: pageOf(rows, limit, { cursor: ({ id }) => idCursor(id), show: presentNotice }) };
  },
});

const request = defineCall({
  method: 'post',
  path: '/v1/notices',
  operationId: 'requestNotices',
  summary: 'Tell the people of broken channels now, beside the reminders of the policy',
  description:
    'For many channels at once. Quiet hours hold them and one person gets one mail, as ever. A channel on which no person has to act is skipped, with the reason.',
  tag,
  access: ['notices:write'],
  body: requestNoticesBody,
  example: { channels: ['chn_01k9x3v8f2e5tb7q4m6n8p0r1s'], kind: 'reauth_required' },
  answers: { 202: json('How many notices go out, and which channels have none', requestedNoticesOut) },
  async run({ context, principal, body }) {
    const outcomes: (RequestedNotices & { channel: string })[] = [];
    for (const channel of new Set(body.channels)) {
      const tenantId = principal.tenantId ?? (await findTenantOf(context.database, 'channel', channel));
      outcomes.push({ channel, ...(await requestNotices(context, { tenantId, channelId: channel })) });
    }
    const sum = (name: 'sent' | 'held') => outcomes.reduce((total, outcome) => total + outcome[name], 0);
    const skipped = outcomes.flatMap(({ channel, why }) => (why === null ? [] : [{ channel, why }]));
    return { status: 202, body: { sent: sum('sent'), held: sum('held'), skipped } };
  },
});

const bounce = defineCall({
  method: 'post',
  path: '/v1/notices/bounces',
  operationId: 'reportBounce',
  summary: 'Report an address that takes no mail: its person counts as gone, and the admins are told instead',
  description: 'For products whose own mail service learns it. Mooring learns it by itself of the mails that it sends.',
  tag,
  access: ['notices:write'],
  body: bounceBody,
  example: { to: 'ana@example.com', at: '2026-03-01T09:00:00Z', reason: '550 5.1.1 no such user' },
  answers: { 202: empty('The report is stored') },
  async run({ context, principal, body: { to, at, reason } }) {
    const tenants =
      principal.tenantId === null ? await listTenantsOfRecipient(context.database, to) : [principal.tenantId];
    const bouncedAt = at === undefined ? await context.clock.now() : new Date(at);
    for (const tenantId of tenants) await recordBounce(context, { tenantId, address: to, at: bouncedAt, reason });
    return { status: 202 };
  },
});

export const noticeCalls = [list, request, bounce];
