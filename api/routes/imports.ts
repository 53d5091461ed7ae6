import { lockChannel } from '../../db/channels.ts';
import { findImport, listImports } from '../../db/import-receipts.ts';
import { queueImport } from '../../db/imports.ts';
import { nudge } from '../../db/nudges.ts';
import { defineCall } from '../call.ts';
import { idCursor, pageOf, parseIdCursor } from '../paging.ts';
import { presentImport } from '../presenters/import.ts';
import { notFound } from '../problem.ts';
import { inChannel, tenantOf } from '../reach.ts';
import { listOf } from '../schemas/channels.ts';
import { importBody, importOut, importsQuery } from '../schemas/imports.ts';
import { idParams } from '../schemas/parts.ts';
import { signalWorkflow } from '../signal-workflow.ts';
import { quarantineCalls } from './quarantine.ts';
import { refuseImport } from './refuse-import.ts';

const tag = 'Imports';

const request = defineCall({
  method: 'post',
  path: '/v1/channels/:id/imports',
  summary: 'Import a window again; without one, from what is covered to now',
  tag,
  access: ['channels:write'],
  params: idParams('chn'),
  body: importBody,
  answers: {
    202: { description: 'The import; one that is under way already is answered in its place', schema: importOut },
  },
  problems: ['disconnected', 'wrong_status'],
  async run({ context, principal, params: { id }, body }) {
    const now = await context.clock.now();
    const queued = await inChannel(
      context,
      { principal, id },
      async (tx, row) => {
        refuseImport(row);
        const importId = await queueImport(tx, {
          tenantId: row.tenantId,
          channelId: id,
          cause: 'requested',
          windowFrom: body.from === undefined ? null : new Date(body.from),
          windowTo: body.to === undefined ? null : new Date(body.to),
          movesCursor: false,
          backfill: false,
          now,
        });
        const isNew = await nudge(tx, row.tenantId, id, now);
        return { row, isNew, receipt: await findImport(tx, importId) };
      },
      lockChannel,
    );
    if (queued.isNew) signalWorkflow(context, queued.row);
    if (!queued.receipt) throw new Error('An import that was just queued is not there');
    return { status: 202, body: presentImport(queued.receipt) };
  },
});

const list = defineCall({
  method: 'get',
  path: '/v1/channels/:id/imports',
  summary: 'List a channel’s imports, newest first',
  tag,
  access: ['channels:read'],
  params: idParams('chn'),
  query: importsQuery,
  answers: {
    200: { description: 'Imports that found something or were caused by somebody', schema: listOf(importOut) },
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
  summary: 'Read an import and its receipt',
  tag,
  access: ['channels:read'],
  params: idParams('imp'),
  answers: { 200: { description: 'The import', schema: importOut } },
  async run({ context, principal, params: { id } }) {
    const tenantId = await tenantOf(context, principal, 'import', id);
    const receipt = await context.database.inTenant(tenantId, (tx) => findImport(tx, id));
    if (!receipt) throw notFound('import');
    return { status: 200, body: presentImport(receipt) };
  },
});

export const importCalls = [request, list, get, ...quarantineCalls];
