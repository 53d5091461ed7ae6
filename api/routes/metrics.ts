import { written } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import { Problem } from '../http/problem.ts';
import { registry, renderMetrics } from '../http/metrics.ts';

const metrics = defineCall({
  method: 'get',
  path: '/metrics',
  operationId: 'getMetrics',
  summary: 'Read metrics for Prometheus',
  description: 'In the text format of Prometheus. The figures are of all tenants, so a key of one tenant is refused.',
  tag: 'Operation',
  access: ['metrics:read'],
  answers: { 200: written('Prometheus’ text format', 'text/plain') },
  problems: ['tenant_not_allowed'],
  async run({ context, principal, response }) {
    if (principal.tenantId !== null) throw new Problem('tenant_not_allowed', 'The figures are of all tenants');
    // Figures are read like lists: a scrape holds up no other call.
    const database = { ...context.database, ...context.database.lists };
    response.type(registry.contentType).send(await renderMetrics({ ...context, database }));
    return { status: 200 };
  },
});

export const metricsCalls = [metrics];
