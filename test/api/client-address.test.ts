import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../runtime/config.ts';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';

let stage: Stage;
let proxied: Api;
let open: Api;

beforeAll(async () => {
  stage = await raiseStage();
  proxied = await startApi(stage.context, { trustedProxies: ['127.0.0.1', '10.0.0.0/8', '2001:db8:1::/48'] });
  open = await startApi(stage.context);
}, 60_000);
afterAll(async () => {
  await proxied?.close();
  await open?.close();
  await stage?.close();
});

/** The status for a key that may be used from `cidr` alone. */
async function statusFrom(api: Api, cidr: string, forwarded?: string): Promise<number> {
  const caller = await api.caller({ cidrs: [cidr] });
  const headers: Record<string, string> = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  return (await caller('GET', '/v1/channels', undefined, headers)).status;
}

describe('the client’s address behind trusted proxies', () => {
  test.each([
    ['one hop', '192.0.2.7', '192.0.2.7/32'],
    ['several hops', '192.0.2.7, 10.1.1.1,10.2.2.2', '192.0.2.7/32'],
    ['what the client claims', '198.51.100.1, 192.0.2.7, 10.1.1.1', '192.0.2.7/32'],
    ['IPv6', '2001:db8:2::1, 2001:db8:1::5', '2001:db8:2::/64'],
    ['IPv4 as IPv6', '::ffff:192.0.2.7, ::ffff:10.1.1.1', '192.0.2.7/32'],
    ['a range of IPv4 as IPv6', '192.0.2.7', '::ffff:192.0.2.0/120'],
    ['a port', '192.0.2.7:4711', '192.0.2.7/32'],
    ['IPv6 with a port', '[2001:db8:2::1]:443', '2001:db8:2::/64'],
    ['all hops trusted', '10.9.9.9, 10.1.1.1', '10.9.9.9/32'],
    ['no header', undefined, '127.0.0.1/32'],
  ])('%s', async (_what, forwarded, cidr) => {
    expect(await statusFrom(proxied, cidr, forwarded)).toBe(200);
  });

  test.each([
    ['an entry left of the client’s', '192.0.2.7, 203.0.113.9', '192.0.2.0/24'],
    ['garbage at the right, behind a good entry', '192.0.2.7, unknown', '192.0.2.0/24'],
    ['garbage alone does not stand for the proxy', 'unknown', '127.0.0.0/8'],
    ['nothing but a comma', ',', '192.0.2.0/24'],
    ['half an address', '192.0.2', '192.0.0.0/16'],
    ['a number', '3221225991', '192.0.2.0/24'],
    ['an address with words', '192.0.2.7 or so', '192.0.2.0/24'],
  ])('%s is not believed', async (_what, forwarded, cidr) => {
    expect(await statusFrom(proxied, cidr, forwarded)).toBe(403);
  });

  test('S-32: without a trusted proxy only the socket’s address counts', async () => {
    expect(await statusFrom(open, '192.0.2.0/24', '192.0.2.7')).toBe(403);
    expect(await statusFrom(open, '127.0.0.0/8', '192.0.2.7')).toBe(200);
  });
});

const read = (more: Record<string, string>) => () => readConfig({ ...stage.environment, ...more });

describe('the settings', () => {
  test('trusted proxies are addresses and ranges; anything else is an error that names the variable', () => {
    expect(readConfig(stage.environment).trustedProxies).toEqual([]);
    const { trustedProxies } = read({ MOORING_TRUSTED_PROXIES: ' 10.0.0.0/8, 2001:db8::1 ,192.0.2.1' })();
    expect(trustedProxies).toEqual(['10.0.0.0/8', '2001:db8::1', '192.0.2.1']);
    for (const wrong of ['proxy.local', '10.0.0.0/33', '10.0.0', '1', '10.0.0.0/8 192.0.2.1', '0.0.0.0/0', '::/0']) {
      expect(read({ MOORING_TRUSTED_PROXIES: `192.0.2.1,${wrong}` }), wrong).toThrow(
        /^MOORING_TRUSTED_PROXIES: .*10\.0\.0\.0\/8.*entry 2 is none$/,
      );
    }
  });

  test('a first key that can be guessed is refused, but beside the sandbox alone', () => {
    const short = secret('api-key').slice(0, 8);
    expect(read({ MOORING_API_KEY: short, MOORING_SANDBOX: 'on', MOORING_SANDBOX_ALONE: 'on' })).not.toThrow();
    for (const sandbox of [{ MOORING_SANDBOX: 'off' }, { MOORING_SANDBOX: 'on', MOORING_SANDBOX_ALONE: 'off' }]) {
      expect(read({ ...sandbox, MOORING_API_KEY: short })).toThrow(/^MOORING_API_KEY: expected at least 20/);
    }
  });
});
