import type { RequestHandler } from 'express';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import {
  countChannelsByStatus,
  countFailingSubscriptions,
  countOpenCircuits,
  countOpenIncidents,
  countStuckChannels,
  findOldestNudge,
  findOldestUnsettled,
  measureCoverage,
} from '../../db/across-tenants/operator-figures.ts';
import { INCIDENT_SCOPES, toldScope } from '../../domain/incidents/incident.ts';
import type { AccountsTold } from '../../push/tell-accounts.ts';
import type { Told } from '../../push/tell-channels.ts';
import { countUnserved } from '../../db/across-tenants/incidents/served.ts';
import type { ApiContext } from '../api-context.ts';

export const registry = new Registry();
collectDefaultMetrics({ register: registry, prefix: 'mooring_server_' });

const requests = new Histogram({
  name: 'mooring_http_request_seconds',
  help: 'Time to answer, by route',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 30],
  registers: [registry],
});
const tokenReads = new Counter({
  name: 'mooring_token_reads_total',
  help: 'Access token reads: fresh, refreshed (waited), leftover, refused',
  labelNames: ['outcome'],
  registers: [registry],
});
const pushes = new Counter({
  name: 'mooring_pushes_total',
  help: 'Pushes received, by outcome: news, known (already stored), renew, resubscribe, missed, unknown_mailbox, unknown_subscription, forged, malformed, unverifiable',
  labelNames: ['provider', 'outcome'],
  registers: [registry],
});
const failingSubscriptions = new Gauge({
  name: 'mooring_subscriptions_failing',
  help: 'Channels whose provider refuses to tell of news; they are polled only',
  registers: [registry],
});
const openCircuits = new Gauge({
  name: 'mooring_webhook_circuits_open',
  help: 'Webhook endpoints that fail; their deliveries wait, and one is attempted at growing gaps',
  registers: [registry],
});
const channels = new Gauge({
  name: 'mooring_channels',
  help: 'Channels by status',
  labelNames: ['status'],
  registers: [registry],
});
const openIncidents = new Gauge({
  name: 'mooring_incidents_open',
  help: 'Open incidents by scope; one of client is the operator’s to mend',
  labelNames: ['scope'],
  registers: [registry],
});
const unserved = new Gauge({
  name: 'mooring_channels_unserved',
  help: 'Live channels of an access type that no worker serves: they stand still',
  labelNames: ['access_type'],
  registers: [registry],
});
const coverageAge = new Gauge({
  name: 'mooring_covered_until_age_seconds',
  help: 'Age of covered_until of connected continuous channels, by quantile; above two hours, looks, polls or imports are stuck',
  labelNames: ['access_type', 'quantile'],
  registers: [registry],
});
const stalledImports = new Gauge({
  name: 'mooring_channels_import_stalled',
  help: 'Channels whose import or poll gets nowhere (import_state stalled)',
  registers: [registry],
});
const longDegraded = new Gauge({
  name: 'mooring_channels_degraded_for_a_day',
  help: 'Channels that a provider, a limit or the network has degraded for more than 24 h; above zero, the operator should look',
  registers: [registry],
});
const oldestNudge = new Gauge({
  name: 'mooring_oldest_nudge_seconds',
  help: 'Age of the oldest nudge that no workflow has taken; above a minute, check workers and Temporal',
  registers: [registry],
});

const feedLag = new Gauge({
  name: 'mooring_feed_lag_seconds',
  help: 'Age of the oldest committed message or event without a place in its feed; above a minute, no settler has its turn',
  registers: [registry],
});

export function countTokenRead(outcome: 'fresh' | 'refreshed' | 'leftover' | 'refused'): void {
  tokenReads.inc({ outcome });
}

export function countPush(
  provider: string,
  outcome: Told | AccountsTold | 'forged' | 'malformed' | 'unverifiable',
): void {
  pushes.inc({ provider, outcome });
}

/** Times every request under its route's pattern: addresses would be endless labels, and may be secrets. */
export const measureRequests: RequestHandler = (request, response, next) => {
  const stop = requests.startTimer();
  response.on('close', () => {
    const route = String(response.locals['route'] ?? 'other');
    stop({ method: request.method, route, status: response.statusCode });
  });
  next();
};

/** All metrics in Prometheus' text format; each scrape reads the gauges from the database. */
export async function renderMetrics(context: ApiContext): Promise<string> {
  const now = await context.clock.now();
  channels.reset();
  for (const { status, count } of await countChannelsByStatus(context.database)) channels.set({ status }, count);
  for (const scope of INCIDENT_SCOPES) openIncidents.set({ scope }, 0);
  for (const { scope, count } of await countOpenIncidents(context.database))
    openIncidents.inc({ scope: toldScope(scope) }, count);
  unserved.reset();
  for (const { accessType, count } of await countUnserved(context.database, now))
    unserved.set({ access_type: accessType }, count);
  coverageAge.reset();
  for (const { accessType, median, p99, longest } of await measureCoverage(context.database, now)) {
    for (const [quantile, age] of Object.entries({ '0.5': median, '0.99': p99, '1': longest })) {
      coverageAge.set({ access_type: accessType, quantile }, Math.max(0, age));
    }
  }
  const stuck = await countStuckChannels(context.database, now);
  stalledImports.set(stuck.stalled);
  longDegraded.set(stuck.degradedForADay);
  const oldest = await findOldestNudge(context.database);
  oldestNudge.set(oldest ? Math.max(0, (now.getTime() - oldest.getTime()) / 1000) : 0);
  const unsettled = await findOldestUnsettled(context.database);
  feedLag.set(unsettled ? Math.max(0, (now.getTime() - unsettled.getTime()) / 1000) : 0);
  failingSubscriptions.set(await countFailingSubscriptions(context.database));
  openCircuits.set(await countOpenCircuits(context.database));
  return registry.metrics();
}
