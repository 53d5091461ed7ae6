import { z } from 'zod';
import { json } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import { Problem } from '../http/problem.ts';

const tag = 'Operation';

const healthz = defineCall({
  method: 'get',
  path: '/healthz',
  operationId: 'getHealth',
  summary: 'Check that the process answers',
  description: 'For a probe of liveness: it asks neither the database nor the workflow engine.',
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
  description: 'For a load balancer: 503 names what is missing, and a process that is stopping is not ready.',
  tag,
  access: 'public',
  isUnlimited: true,
  answers: { 200: json('All are available', z.object({ ready: z.literal(true).describe('Always true') })) },
  problems: ['not_ready'],
  async run({ context }) {
    const stopping = context.stopping.aborted ? ['this process is stopping'] : [];
    const troubles = [...(await context.readiness.troubles()), ...stopping];
    if (troubles.length > 0) throw new Problem('not_ready', troubles.join('; '), { retryAfterSeconds: 2 });
    return { status: 200, body: { ready: true as const }, headers: { 'Cache-Control': 'no-store' } };
  },
});

export const healthCalls = [healthz, readyz];
