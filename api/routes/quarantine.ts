import type { Transaction } from '../../db/client.ts';
import { findReceipt } from '../../db/imports/receipts.ts';
import type { ImportReceipt } from '../../db/imports/receipts.ts';
import { listQuarantine, openQuarantine } from '../../db/imports/quarantine.ts';
import type { QuarantineKey, Quarantined } from '../../db/imports/quarantine.ts';
import { json } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import { pageOf } from '../http/paging.ts';
import type { Page } from '../http/paging.ts';
import { presentImport } from '../presenters/import.ts';
import { parseQuarantineId, presentQuarantined, quarantineId } from '../presenters/quarantine.ts';
import { Problem, notFound } from '../http/problem.ts';
import { changeInReach, inChannel, tenantOf } from '../auth/reach.ts';
import { listOf } from '../schemas/list.ts';
import { importOut } from '../schemas/imports.ts';
import { idParams } from '../schemas/parts.ts';
import { quarantinedOut, quarantineQuery, replayBody } from '../schemas/quarantine.ts';
import { refuseImport } from './refuse-import.ts';

const tag = 'Imports';
const answers = { 200: json('A page of quarantined messages', listOf(quarantinedOut)) };

const ofImport = defineCall({
  method: 'get',
  path: '/v1/imports/:id/quarantine',
  operationId: 'listImportQuarantine',
  summary: 'List an import’s quarantined messages',
  description:
    'Messages that failed three tries are set aside, so that the rest gets on. They are tried again by themselves, and by a replay.',
  tag,
  access: ['channels:read'],
  params: idParams('imp'),
  query: quarantineQuery,
  answers,
  problems: ['invalid_cursor'],
  async run({ context, principal, params: { id }, query }) {
    const tenantId = await tenantOf(context, principal, 'import', id);
    const body = await context.database.inTenant(tenantId, async (tx) => {
      const { row } = await existing(tx, id);
      return page(tx, { channelId: row.channelId, importId: id }, query);
    });
    return { status: 200, body };
  },
});

const ofChannel = defineCall({
  method: 'get',
  path: '/v1/channels/:id/quarantine',
  operationId: 'listChannelQuarantine',
  summary: 'List a channel’s quarantined messages',
  description:
    'Of all imports of the channel. Messages that failed three tries are set aside, and are tried again by themselves.',
  tag,
  access: ['channels:read'],
  params: idParams('chn'),
  query: quarantineQuery,
  answers,
  problems: ['invalid_cursor'],
  async run({ context, principal, params: { id }, query }) {
    const body = await inChannel(context, { principal, id }, (tx) => page(tx, { channelId: id }, query));
    return { status: 200, body };
  },
});

const replay = defineCall({
  method: 'post',
  path: '/v1/imports/:id/quarantine/replay',
  operationId: 'replayQuarantine',
  summary: 'Retry quarantined messages of an import three more times',
  description: 'Without `ids`, all of them. The import has to have ended, and runs again for them.',
  tag,
  access: ['channels:write'],
  params: idParams('imp'),
  body: replayBody,
  example: {},
  answers: {
    202: json('The import, whose receipt changes while it runs and always adds up', importOut),
  },
  problems: ['disconnected', 'wrong_status'],
  async run({ context, principal, params: { id }, body }) {
    const tenantId = await tenantOf(context, principal, 'import', id);
    const { row } = await context.database.inTenant(tenantId, (tx) => existing(tx, id));
    const keys = body.ids?.map((given) => keyOf(given, id)) ?? null;
    const receipt = await changeInReach(context, { principal, id: row.channelId }, async ({ tx, wake }, channel) => {
      refuseImport(channel);
      const { row: current } = await existing(tx, id);
      if (current.state === 'running' || current.owed || current.state === 'cancelled') {
        const state = current.owed ? 'running' : current.state;
        throw new Problem('wrong_status', `The import is ${state}; expected one that has ended`);
      }
      if ((await openQuarantine(tx, id, keys)) > 0) await wake(channel);
      return existing(tx, id);
    });
    return { status: 202, body: presentImport(receipt) };
  },
});

async function existing(tx: Transaction, id: string): Promise<ImportReceipt> {
  const found = await findReceipt(tx, id);
  if (!found) throw notFound('import');
  return found;
}

async function page(
  tx: Transaction,
  of: { channelId: string; importId?: string },
  { limit, after }: { limit: number; after?: string | undefined },
): Promise<Page<ReturnType<typeof presentQuarantined>>> {
  const position = after === undefined ? null : parseQuarantineId(after);
  if (after !== undefined && position === null) {
    throw new Problem(
      'invalid_cursor',
      'Expected `next` of an earlier page of this list, or no cursor to start at the beginning',
    );
  }
  const rows = await listQuarantine(tx, { ...of, after: position, limit: limit + 1 });
  return pageOf<Quarantined, ReturnType<typeof presentQuarantined>>(rows, limit, {
    cursor: quarantineId,
    show: presentQuarantined,
  });
}

function keyOf(given: string, importId: string): QuarantineKey {
  const key = parseQuarantineId(given);
  if (key?.importId === importId) return key;
  throw new Problem('validation_failed', 'Expected ids of this import’s quarantine', {
    errors: [{ in: 'body', path: 'ids', message: 'expected an id of this import’s quarantine' }],
  });
}

export const quarantineCalls = [ofImport, ofChannel, replay];
