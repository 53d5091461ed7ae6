import { findReceipt, listImports } from '../../db/imports/receipts.ts';
import type { ChannelRow } from '../../db/channels/channels.ts';
import { listRequests, queueImport } from '../../db/imports/imports.ts';
import { defaultFrom } from '../../domain/import-window.ts';
import { json } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import type { ApiContext } from '../api-context.ts';
import { idCursor, pageOf, parseIdCursor } from '../http/paging.ts';
import { presentImport } from '../presenters/import.ts';
import { refuseWithoutImport } from '../connect/refuse-import.ts';
import { Problem, notFound } from '../http/problem.ts';
import { changeInReach, inChannel, tenantOf } from '../auth/reach.ts';
import { listOf } from '../schemas/list.ts';
import { importBody, importOut, importsQuery } from '../schemas/imports.ts';
import { idParams } from '../schemas/parts.ts';
import { quarantineCalls } from './quarantine.ts';
import { refuseImport } from './refuse-import.ts';

const tag = 'Imports';

/** How many requested imports may be queued; more are a mistake, because they run one after another. */
const MOST_REQUESTS = 50;
const RETRY_AFTER_S = 60;

const request = defineCall({
  method: 'post',
  path: '/v1/channels/:id/imports',
  operationId: 'requestImport',
  summary: 'Import a window; without one, everything from _covered until_ to now',
  description:
    'Messages that are stored are not stored twice: the receipt counts them as `already_had`. Requested imports of a channel run one after another, up to 50 of them.',
  tag,
  access: ['channels:write'],
  params: idParams('chn'),
  body: importBody,
  example: { from: '2026-05-01T00:00:00Z', to: '2026-05-03T00:00:00Z' },
  answers: {
    202: json('The import, or the running one of the same window; it waits for earlier requested imports', importOut),
  },
  problems: ['disconnected', 'wrong_status', 'rate_limited', 'import_not_supported'],
  async run({ context, principal, params: { id }, body }) {
    const receipt = await changeInReach(context, { principal, id }, async ({ tx, now, wake }, row) => {
      refuseImport(row);
      refuseWithoutImport(context, [row.accessType]);
      const window = {
        windowFrom: body.from === undefined ? null : new Date(body.from),
        windowTo: body.to === undefined ? null : new Date(body.to),
      };
      refuseEmptyWindow(context, row, window);
      const importId = await queueImport(tx, {
        tenantId: row.tenantId,
        channelId: id,
        cause: 'requested',
        ...window,
        movesCursor: false,
        backfill: false,
        now,
      });
      if ((await listRequests(tx, id)).length > MOST_REQUESTS) {
        const detail = `${MOST_REQUESTS} imports of this channel are queued already`;
        throw new Problem('rate_limited', detail, { retryAfterSeconds: RETRY_AFTER_S });
      }
      await wake(row);
      const queued = await findReceipt(tx, importId);
      if (!queued) throw new Error('A queued import was not found');
      return queued;
    });
    return { status: 202, body: presentImport(receipt) };
  },
});

/** The body's schema checks a window with both ends; without a beginning the check needs the channel. */
function refuseEmptyWindow(
  { providers }: ApiContext,
  row: ChannelRow,
  { windowFrom, windowTo }: { windowFrom: Date | null; windowTo: Date | null },
): void {
  const overlapMs = providers.get(row.accessType)?.capabilities.windowOverlapMs;
  if (windowFrom !== null || windowTo === null || overlapMs === undefined) return;
  const begins = row.ownedFrom ?? row.createdAt;
  const from = defaultFrom(row.coveredUntil ?? row.createdAt, { overlapMs, ownedFrom: begins });
  if (from < windowTo) return;
  const message = `expected a time after ${from.toISOString()}, where a window without from begins`;
  throw new Problem('validation_failed', 'The window ends before it begins', {
    errors: [{ in: 'body', path: 'to', message }],
  });
}

const list = defineCall({
  method: 'get',
  path: '/v1/channels/:id/imports',
  operationId: 'listImports',
  summary: 'List a channel’s imports, newest first',
  description: 'With imports that are still running. The polls that found nothing are left out.',
  tag,
  access: ['channels:read'],
  params: idParams('chn'),
  query: importsQuery,
  answers: {
    200: json('A page of imports, without polls that found nothing', listOf(importOut)),
  },
  problems: ['invalid_cursor'],
  async run({ context, principal, params: { id }, query }) {
    const { limit } = query;
    const after = parseIdCursor(query.after);
    const rows = await inChannel(context, { principal, id }, (tx) =>
      listImports(tx, { channelId: id, after, limit: limit + 1 }),
    );
    return { status: 200, body: pageOf(rows, limit, { cursor: ({ row }) => idCursor(row.id), show: presentImport }) };
  },
});

const get = defineCall({
  method: 'get',
  path: '/v1/imports/:id',
  operationId: 'getImport',
  summary: 'Read an import and its receipt',
  description: 'While it runs, `progress` and the counts grow; once `state` is `completed` they are its receipt.',
  tag,
  access: ['channels:read'],
  params: idParams('imp'),
  answers: { 200: json('The import', importOut) },
  async run({ context, principal, params: { id } }) {
    const tenantId = await tenantOf(context, principal, 'import', id);
    const receipt = await context.database.inTenant(tenantId, (tx) => findReceipt(tx, id));
    if (!receipt) throw notFound('import');
    return { status: 200, body: presentImport(receipt) };
  },
});

export const importCalls = [request, list, get, ...quarantineCalls];
