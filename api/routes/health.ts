import { findSchemaVersion } from '../../db/across-tenants/operator-figures.ts';
import { NEWEST_MIGRATION } from '../../db/newest-migration.ts';
import { z } from 'zod';
import { json } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import type { ApiContext } from '../api-context.ts';
import { engineAnswers, inTime } from '../http/engine-health.ts';
import { Problem } from '../http/problem.ts';

const tag = 'Operation';

const healthz = defineCall({
  method: 'get',
  path: '/healthz',
  operationId: 'getHealth',
  summary: 'Check that the process answers',
  tag,
  access: 'public',
  isUnlimited: true,
  answers: { 200: json('The process answers', z.object({ ok: z.literal(true).describe('Always true') })) },
  async run() {
    return { status: 200, body: { ok: true as const }, headers: { 'Cache-Control': 'no-store' } };
  },
});

const readyz = defineCall({
  method: 'get',
  path: '/readyz',
  operationId: 'getReadiness',
  summary: 'Check that database, schema and workflow engine are available',
  tag,
  access: 'public',
  isUnlimited: true,
  answers: { 200: json('All are available', z.object({ ready: z.literal(true).describe('Always true') })) },
  problems: ['not_ready'],
  async run({ context }) {
    const troubles = (await Promise.all([databaseTrouble(context), engineTrouble(context)])).filter(Boolean);
    if (context.stopping.aborted) troubles.push('this process is stopping');
    if (troubles.length > 0) throw new Problem('not_ready', troubles.join('; '), { retryAfterSeconds: 2 });
    return { status: 200, body: { ready: true as const }, headers: { 'Cache-Control': 'no-store' } };
  },
});

async function databaseTrouble({ database }: ApiContext): Promise<string | null> {
  const version = await inTime(database.outsideTenants(findSchemaVersion)).catch(() => undefined);
  if (version === undefined) return 'the database does not answer';
  return (version ?? 0) >= NEWEST_MIGRATION ? null : 'the database has an older schema than this process';
}

async function engineTrouble(context: ApiContext): Promise<string | null> {
  return (await engineAnswers(context)) ? null : 'the workflow engine does not answer';
}

export const healthCalls = [healthz, readyz];
