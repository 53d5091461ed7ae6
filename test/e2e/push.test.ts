import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { connectOverApi } from '../support/api-sign-in.ts';
import { startMooring, START_TIMEOUT_MS } from '../support/mooring.ts';
import type { Mooring } from '../support/mooring.ts';

const POLL_SECONDS = 10;

/* `npm start` with rarer polls: the sandbox pushes to the server without any set-up. */
describe('Gmail out of the box', { timeout: 120_000 }, () => {
  let mooring: Mooring;
  beforeAll(async () => {
    mooring = await startMooring({ MOORING_POLL_SECONDS: String(POLL_SECONDS) });
  }, START_TIMEOUT_MS);
  afterAll(() => mooring?.stop(), 120_000);

  const connected = (email: string) => connectOverApi(mooring, { accessType: 'gmail', email });
  const stored = async (channel: string) =>
    (await mooring.call<{ data: unknown[] }>('GET', `/v1/messages?channel=${channel}`)).data.length;
  const causes = async (channel: string) =>
    (await mooring.call<{ data: { cause: string }[] }>('GET', `/v1/channels/${channel}/imports`)).data.map(
      ({ cause }) => cause,
    );
  const has = (channel: string, count: number, timeout: number) =>
    vi.waitUntil(async () => (await stored(channel)) === count, { timeout, interval: 100 });

  it('is pushed: mail is in the feed before the next poll would look for it', async () => {
    const email = 'pushed@example.com';
    const channel = await connected(email);
    for (let sent = 1; sent <= 4; sent++) {
      await mooring.sandbox.deliver('google', email, 1);
      await has(channel, sent, 15_000);
    }
    // A poll may have come first, by chance; not four times.
    expect(await causes(channel)).toContain('push');
    const pushes = await mooring.sandbox.requests('google', 'push', email);
    expect(new Set(pushes.map(({ status }) => status))).toEqual(new Set([204]));
  });

  it('is there within 15 s though every push is lost', async () => {
    const email = 'lost@example.com';
    const channel = await connected(email);
    await mooring.sandbox.fault('google', email, 'push_dropped');
    // The first poll after the connection comes at once, the second is the net.
    for (const sent of [1, 2]) {
      await mooring.sandbox.deliver('google', email, 1);
      await has(channel, sent, 15_000);
    }
    expect(await causes(channel)).toEqual(['poll', 'poll']);
  });
});
