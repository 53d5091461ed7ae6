import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { connectGmail, until } from './channels.ts';
import type { Channel } from './channels.ts';
import { quantile } from './load.ts';
import type { Mooring } from './mooring.ts';
import type { Findings, Measured } from './report.ts';
import type { Setting } from './setting.ts';

/** From the event at the provider to the webhook. */
const MUST_S = 5;
const TIMEOUT_MS = 60_000;
/** One after the other, so that each is detected alone. */
const CHANNELS_PER_CAUSE = 8;

const CAUSES = [
  { name: 'access revoked', fault: 'access_revoked' },
  { name: 'password changed', fault: 'password_changed' },
  { name: 'account disabled', fault: 'account_disabled' },
  { name: 'sessions ended', fault: 'session_revoked' },
] as const;

/**
 * The time until the product knows that an idle channel has broken: nothing is imported, no token is read, and the access
 * token lives for an hour. Only the provider's security event can tell.
 */
export async function measureDetection({ mooring }: Setting): Promise<Findings> {
  await mooring.sandbox.settings('google', { token_life_s: 3_600 });
  const receiver = await openReceiver(mooring);
  const measured: Measured[] = [];
  try {
    for (const cause of CAUSES) {
      const emails = Array.from({ length: CHANNELS_PER_CAUSE }, (_, i) => `${cause.fault}-${i}@example.com`);
      const channels: Channel[] = [];
      for (const email of emails) channels.push(await connectIdle(mooring, email));
      const tookS: number[] = [];
      for (const [i, { id }] of channels.entries()) {
        tookS.push(await detect(mooring, { id, email: emails[i] ?? '', fault: cause.fault, receiver }));
      }
      measured.push(figureOf(cause.name, tookS));
    }
  } finally {
    await receiver.close();
  }
  return { measured, demands: [] };
}

async function connectIdle(mooring: Mooring, email: string): Promise<Channel> {
  const channel = await connectGmail(mooring, email);
  await mooring.call('PATCH', `/v1/channels/${channel.id}`, { keep_warm: 'when_used' });
  return channel;
}

type Receiver = Awaited<ReturnType<typeof openReceiver>>;

/** An endpoint of webhooks that remembers when it first heard of a channel. */
async function openReceiver(mooring: Mooring) {
  const heardAt = new Map<string, number>();
  const take = async (request: IncomingMessage, at: number) => {
    const { channel } = ((await json(request)) as { data: { channel: string } }).data;
    if (!heardAt.has(channel)) heardAt.set(channel, at);
  };
  const server = createServer((request, response) => {
    const at = performance.now();
    void take(request, at).finally(() => response.writeHead(204).end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const events = ['channel.reauth_required', 'channel.blocked'];
  const { id } = await mooring.call<{ id: string }>('POST', '/v1/webhook-endpoints', { url, events });
  return {
    heardAt,
    async close() {
      const headers = { authorization: `Bearer ${mooring.run.api_key}` };
      await fetch(new URL(`/v1/webhook-endpoints/${id}`, mooring.run.api), { method: 'DELETE', headers });
      server.close();
    },
  };
}

interface Broken {
  id: string;
  email: string;
  fault: string;
  receiver: Receiver;
}

/** In seconds. */
async function detect(mooring: Mooring, { id, email, fault, receiver }: Broken): Promise<number> {
  const beganAt = performance.now();
  await mooring.sandbox.fault('google', email, fault);
  const heardAt = await until(`the webhook of ${fault}`, TIMEOUT_MS, async () => receiver.heardAt.get(id) ?? null, 10);
  return (heardAt - beganAt) / 1_000;
}

function figureOf(name: string, tookS: number[]): Measured {
  const worst = Math.max(...tookS);
  return {
    name: `Detection on an idle channel: ${name}`,
    unit: 's from the event to the webhook, the longest',
    mooring: worst,
    limit: MUST_S,
    limitIs: 'the must',
    ratio: worst / MUST_S,
    aim: { atMost: 1, hard: true },
    cpuMs: null,
    notes: [`${tookS.length} channels, one after the other; p50 ${quantile(tookS, 0.5).toFixed(2)} s`],
  };
}
