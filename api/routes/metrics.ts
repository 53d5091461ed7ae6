import { defineCall } from '../http/call.ts';
import { registry, renderMetrics } from '../http/metrics.ts';

const metrics = defineCall({
  method: 'get',
  path: '/metrics',
  summary: 'Figures for Prometheus',
  tag: 'Operation',
  access: ['metrics:read'],
  answers: { 200: { description: 'Prometheus’ text format', mediaType: 'text/plain' } },
  async run({ context, response }) {
    response.type(registry.contentType).send(await renderMetrics(context));
    return null;
  },
});

export const metricsCalls = [metrics];
