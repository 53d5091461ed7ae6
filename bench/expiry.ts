import { setTimeout as sleep } from 'node:timers/promises';
import { connectGmail } from './channels.ts';
import { fixedLoad, quantile } from './load.ts';
import type { Findings } from './report.ts';
import { limitRead, mooringRead } from './setting.ts';
import type { Setting } from './setting.ts';

const TOKEN_ENDPOINT_MS = 300;
/** Far below what the server can do: a time to answer, not to wait in a queue. */
const READS_PER_SECOND = 150;
/** Tokens that last so long, in seconds, are refreshed about one and a half seconds before they stop being fresh. */
const LIFE_S = 10;

/**
 * Reads of a token that expires repeatedly, beside reads of a fresh one at the same instants: a refresh must not delay
 * readers.
 */
export async function measureExpiry(setting: Setting): Promise<Findings> {
  const { mooring } = setting;
  const seconds = Math.max(setting.seconds, LIFE_S + 2); // less would see no token expire
  await mooring.sandbox.settings('google', { token_life_s: 3600 });
  const fresh = await connectGmail(mooring, 'fresh@example.com');
  const email = 'expiring@example.com';
  const slow = await mooring.sandbox.fault('google', email, 'slow', { kind: 'token', ms: TOKEN_ENDPOINT_MS });
  await mooring.sandbox.settings('google', { token_life_s: LIFE_S });
  const expiring = await connectGmail(mooring, email);
  const targets = [mooringRead(setting, fresh.id), mooringRead(setting, expiring.id), limitRead(setting, fresh.id)];
  await fixedLoad(targets, { perSecond: READS_PER_SECOND, forMs: 1000 }); // until everything is compiled
  const [ours = [], across = [], limit = []] = await fixedLoad(targets, {
    perSecond: READS_PER_SECOND,
    forMs: seconds * 1000,
  });
  const refreshes = await mooring.sandbox.requests('google', 'token', email);
  await mooring.sandbox.settings('google', { token_life_s: 3600 });
  await sleep(LIFE_S * 700); // its last short token is refreshed to a long one
  await mooring.sandbox.mend(slow.id);
  const p99 = { fresh: quantile(ours, 0.99), across: quantile(across, 0.99), limit: quantile(limit, 0.99) };
  return {
    measured: [
      {
        name: 'Token reads across an expiry, p99',
        unit: 'ms',
        mooring: p99.across,
        limit: p99.fresh,
        limitIs: 'reads of a token that stays fresh, at the same instants',
        ratio: p99.across / p99.fresh,
        aim: { atMost: 1.2, hard: true },
        cpuMs: null,
        notes: [
          `${across.length} reads of each, ${READS_PER_SECOND} a second together; ${refreshes.length - 1} refreshes of ${TOKEN_ENDPOINT_MS} ms`,
          `slowest ${Math.max(...across).toFixed(0)} ms, of the fresh token ${Math.max(...ours).toFixed(0)} ms`,
          `bare Express p99 ${p99.limit.toFixed(1)} ms, slowest ${Math.max(...limit).toFixed(0)} ms`,
        ],
      },
    ],
    demands: [],
  };
}
