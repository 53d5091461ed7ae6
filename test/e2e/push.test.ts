import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { connectOverApi } from '../support/api-sign-in.ts';
import { startMooring, START_TIMEOUT_MS } from '../support/mooring.ts';
import type { Mooring } from '../support/mooring.ts';

const POLL_SECONDS = 10;

/* `npm start` with rarer polls: the sandbox’s Google and Microsoft push to the server without any set-up, its Exchange over a held stream. */
describe('push out of the box', { timeout: 120_000 }, () => {
  let mooring: Mooring;
  beforeAll(async () => {
    mooring = await startMooring({ MOORING_POLL_SECONDS: String(POLL_SECONDS) });
  }, START_TIMEOUT_MS);
  afterAll(() => mooring?.stop(), 120_000);

  const stored = async (channel: string) =>
    (await mooring.call<{ data: unknown[] }>('GET', `/v1/messages?channel=${channel}`)).data.length;
  const causes = async (channel: string) =>
    (await mooring.call<{ data: { cause: string }[] }>('GET', `/v1/channels/${channel}/imports`)).data.map(
      ({ cause }) => cause,
    );
  const has = (channel: string, count: number, timeout: number) =>
    vi.waitUntil(async () => (await stored(channel)) === count, { timeout, interval: 100 });

  /** Graph also asks whether the receiver is there, which is answered with 200. */
  const WAYS = [
    { accessType: 'gmail', provider: 'google', answers: [204] },
    { accessType: 'microsoft', provider: 'microsoft', answers: [200, 202] },
    { accessType: 'exchange', provider: 'exchange', answers: [200] },
  ] as const;

  describe.for(WAYS)('mail of $accessType', ({ accessType, provider, answers }) => {
    it.concurrent('is pushed: it is in the feed before the next poll would look for it', async () => {
      const email = `pushed@${provider}.example`;
      const channel = await connectOverApi(mooring, { accessType, email });
      for (let sent = 1; sent <= 4; sent++) {
        await mooring.sandbox.deliver(provider, email, 1);
        await has(channel, sent, 15_000);
      }
      // A poll may have come first, by chance; not four times.
      expect(await causes(channel)).toContain('push');
      const pushes = await mooring.sandbox.requests(provider, 'push', email);
      expect(new Set(pushes.map(({ status }) => status))).toEqual(new Set(answers));
    });

    it.concurrent('is there within 15 s though every push is lost', async () => {
      const email = `lost@${provider}.example`;
      const channel = await connectOverApi(mooring, { accessType, email });
      await mooring.sandbox.fault(provider, email, 'push_dropped');
      // The first poll after the connection comes at once, the second is the net.
      for (const sent of [1, 2]) {
        await mooring.sandbox.deliver(provider, email, 1);
        await has(channel, sent, 15_000);
      }
      // At Microsoft a new subscription asks for a poll at once, and so does a new stream: they count as for a push.
      if (accessType === 'gmail') expect(await causes(channel)).toEqual(['poll', 'poll']);
      const pushes = await mooring.sandbox.requests(provider, 'push', email);
      expect(pushes.filter(({ status }) => status !== null && status !== 200)).toEqual([]);
    });
  });
});
