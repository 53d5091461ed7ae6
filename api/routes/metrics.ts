import { written } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import { registry, renderMetrics } from '../http/metrics.ts';

const metrics = defineCall({
  method: 'get',
  path: '/metrics',
  operationId: 'getMetrics',
  summary: 'Read metrics for Prometheus',
  description: 'In the text format of Prometheus.',
  tag: 'Operation',
  access: ['metrics:read'],
  answers: { 200: written('Prometheus’ text format', 'text/plain') },
  async run({ context, response }) {
    response.type(registry.contentType).send(await renderMetrics(context));
    return { status: 200 };
  },
});

export const metricsCalls = [metrics];
