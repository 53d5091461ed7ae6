import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, LookupFunction, Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Agent, request } from 'undici';
import { createEgressGuard, EgressDenied, guardedConnector, IMAP_PORTS } from '../../net/egress.ts';
import type { EgressGuard } from '../../net/egress.ts';
import { networkCode } from '../../net/network-failure.ts';
import { boundedResolve, hasAddress } from '../../net/resolve.ts';
import type { Resolve } from '../../net/resolve.ts';
import { createWebhookReceivers } from '../../webhooks/receivers.ts';

const PUBLIC = '93.184.215.14';

/** A guard whose names lead where the test says. */
function guardWith(allow: string[], names: Record<string, string[]> = {}): EgressGuard {
  const resolve: Resolve = (host, _options, callback) => {
    const addresses = names[host] ?? [];
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return createEgressGuard({ allow }, resolve);
}

async function lookedUp(lookup: LookupFunction, host: string): Promise<unknown> {
  return await new Promise((resolve, reject) => {
    lookup(host, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });
}

describe('a name', () => {
  afterEach(() => void vi.useRealTimers());

  it('of .invalid exists nowhere: no resolver is asked for it', async () => {
    const resolve = boundedResolve(() => expect.unreachable());
    for (const name of ['no-such-host.invalid', 'a.INVALID.', 'invalid']) {
      const error = await lookedUp(resolve as LookupFunction, name).catch((thrown: unknown) => thrown);
      expect(networkCode(error)).toBe('dns_failed');
    }
  });

  it('is given up where the resolver stays silent, and has no address then', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const silent = boundedResolve(() => {});
    const asked = lookedUp(silent as LookupFunction, 'slow.example').catch((thrown: unknown) => thrown);
    const found = hasAddress('slow.example', silent);
    await vi.advanceTimersByTimeAsync(8_000);
    expect(networkCode(await asked)).toBe('timeout');
    expect(await found).toBe(false);
  });
});

describe('the egress guard', () => {
  const inward = [
    '127.0.0.1',
    '127.1.2.3',
    '0.0.0.0',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '192.0.0.1',
    '198.18.0.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::1',
    '[::1]',
    '::',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::a9fe:a9fe',
    '2002:7f00:1::',
    '2001::1',
    'fe80::1',
    'fc00::1',
    'fd00:ec2::254',
    'ff02::1',
    '2001:db8::1',
    '0.1.2.3',
    '10.255.255.254',
    '100.100.100.200',
    '100.127.255.255',
    '168.63.129.16',
    '169.254.170.2',
    '172.31.255.255',
    '192.0.0.170',
    '192.0.2.1',
    '192.31.196.1',
    '192.52.193.1',
    '192.88.99.1',
    '198.19.255.255',
    '198.51.100.1',
    '203.0.113.1',
    '233.252.0.1',
    '::2',
    '::7f00:1',
    '::127.0.0.1',
    '::ffff:0:127.0.0.1',
    '::ffff:169.254.169.254',
    '64:ff9b::7f00:1',
    '64:ff9b:1::a00:1',
    '100::1',
    '1000::1',
    '2001:0:7f00:1::',
    '2001:10::1',
    '2001:20::1',
    '2002:a9fe:a9fe::1',
    '2620:4f:8000::1',
    '3fff::1',
    '4000::1',
    '5f00::1',
    'fe80::1%eth0',
    'febf::1',
    'fdff::1',
    'fec0::1',
    'ff05::2',
  ];
  it('knows more than sixty ways inward', () => {
    expect(new Set(inward).size).toBeGreaterThan(60);
  });
  it.each(inward)('does not go to %s, by name or by address', async (address) => {
    const bare = address.replace(/[[\]]/g, '');
    const guard = guardWith([], { 'mail.example.org': [bare] });
    expect(() => guard.admit(address, 993, IMAP_PORTS)).toThrow(EgressDenied);
    const passage = guard.admit('mail.example.org', 993, IMAP_PORTS);
    await expect(lookedUp(passage.lookup, 'mail.example.org')).rejects.toMatchObject({ code: 'egress_denied' });
  });

  it('goes to public addresses at the ports of the service', async () => {
    const guard = guardWith([], { 'mail.example.org': [PUBLIC, '2606:4700:4700::1111'] });
    const { lookup } = guard.admit('mail.example.org', 143, IMAP_PORTS);
    expect(await lookedUp(lookup, 'mail.example.org')).toHaveLength(2);
    expect(() => guard.admit(PUBLIC, 993, IMAP_PORTS)).not.toThrow();
    for (const port of [22, 25, 80, 443, 6379]) {
      expect(() => guard.admit('mail.example.org', port, IMAP_PORTS)).toThrow(EgressDenied);
    }
  });

  it('judges all answers of a name, in any order', async () => {
    for (const answers of [
      [PUBLIC, '10.0.0.1'],
      ['10.0.0.1', PUBLIC],
    ]) {
      const { lookup } = guardWith([], { 'rebind.example': answers }).admit('rebind.example', 993, IMAP_PORTS);
      await expect(lookedUp(lookup, 'rebind.example')).rejects.toMatchObject({ code: 'egress_denied' });
    }
  });

  it('judges anew at every connection: a name that was public a moment ago does not lead inward now', async () => {
    const answers = [PUBLIC, '127.0.0.1', PUBLIC, '169.254.169.254'];
    const rebinding: Resolve = (_host, _options, callback) =>
      callback(null, [{ address: answers.shift()!, family: 4 }]);
    const guard = createEgressGuard({ allow: [] }, rebinding);
    for (const inwardNow of [false, true, false, true]) {
      const looked = lookedUp(guard.admit('rebind.example', 993, IMAP_PORTS).lookup, 'rebind.example');
      if (inwardNow) await expect(looked).rejects.toMatchObject({ code: 'egress_denied' });
      else expect(await looked).toHaveLength(1);
    }
  });

  it('ends a connection that reached another address than was judged', async () => {
    const server = createServer((socket) => socket.on('error', () => {}));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    const failed = once(socket, 'error');
    guardWith([]).admit('mail.example.org', 993, IMAP_PORTS).verify(socket);
    expect((await failed)[0]).toBeInstanceOf(EgressDenied);
    server.close();
  });

  it.each([
    '2130706433',
    '0177.1',
    '0177.0.0.1',
    '127.1',
    '0x7f000001',
    '0x7f.1',
    'localhost',
    'localhost.',
    'LOCALHOST',
    'localhost.localdomain',
    'ip6-localhost',
  ])('does not take %s for a public name', async (host) => {
    // The system's own resolver understands these.
    const { lookup } = createEgressGuard({ allow: [] }).admit(host, 993, IMAP_PORTS);
    await expect(lookedUp(lookup, host)).rejects.toBeInstanceOf(Error);
  });

  it('goes where the operator allows it, and no further', async () => {
    const names = { 'exchange.corp': ['10.1.2.3'], 'other.corp': ['10.1.2.3'], 'far.corp': ['10.9.0.1'] };
    const guard = guardWith(['exchange.corp:8443', '10.9.0.0/16', '127.0.0.1:2143', '[fd00::/8]:993'], names);
    expect(await lookedUp(guard.admit('Exchange.corp.', 8443, []).lookup, 'exchange.corp')).toHaveLength(1);
    await expect(lookedUp(guard.admit('exchange.corp', 8444, []).lookup, 'exchange.corp')).rejects.toThrow(
      EgressDenied,
    );
    await expect(lookedUp(guard.admit('other.corp', 443, [443]).lookup, 'other.corp')).rejects.toMatchObject({
      code: 'egress_denied',
    });
    expect(await lookedUp(guard.admit('far.corp', 12_345, []).lookup, 'far.corp')).toHaveLength(1);
    expect(() => guard.admit('127.0.0.1', 2143, IMAP_PORTS)).not.toThrow();
    expect(() => guard.admit('127.0.0.1', 143, IMAP_PORTS)).toThrow(EgressDenied);
    expect(() => guard.admit('fd12::1', 993, IMAP_PORTS)).not.toThrow();
  });

  it.each(['10.0.0.0/33', '10.0.0.0/', 'a b', 'http://x', '[::1', '1.2.3.4:0', '1.2.3.4:70000', '10.0.0.0/8/8'])(
    'refuses the entry "%s" instead of guessing',
    (entry) => {
      expect(() => createEgressGuard({ allow: [entry] })).toThrow('MOORING_EGRESS_ALLOW');
    },
  );

  it('says nothing of where a name led', () => {
    expect(new EgressDenied('mail.example.org', 993).message).not.toMatch(/\d+\.\d+\.\d+\.\d+/);
  });
});

describe('HTTP through the guard', () => {
  let connections = 0;
  const server = createServer((socket: Socket) => {
    connections++;
    socket.once('data', () => socket.end('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n'));
  });
  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(() => {
    server.close();
  });

  async function statusThrough(allow: string[], host: string): Promise<number> {
    const { port } = server.address() as AddressInfo;
    const names = { 'hook.example': ['127.0.0.1'] };
    const throughGuard = guardedConnector(guardWith(allow, names), { timeoutMs: 2_000, certificateAuthorities: null });
    const dispatcher = new Agent({ connect: throughGuard });
    try {
      return (await request(`http://${host}:${port}/`, { dispatcher })).statusCode;
    } finally {
      await dispatcher.close();
    }
  }

  it('opens no connection to what is not allowed', async () => {
    for (const host of ['127.0.0.1', 'hook.example']) {
      await expect(statusThrough([], host)).rejects.toThrow('egress_denied');
    }
    expect(connections).toBe(0);
  });

  it('leaves a redirect inward to the caller, who does not follow it', async () => {
    const inner = createServer(() => connections++);
    await once(inner.listen(0, '127.0.0.2'), 'listening');
    const { port } = inner.address() as AddressInfo;
    const outer = createServer((socket) =>
      socket.once('data', () =>
        socket.end(`HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2:${port}/\r\nContent-Length: 0\r\n\r\n`),
      ),
    );
    await once(outer.listen(0, '127.0.0.1'), 'listening');
    const receivers = createWebhookReceivers({
      egress: { allow: ['127.0.0.1', '127.0.0.2'] },
      certificateAuthorities: null,
    });
    const url = new URL(`http://127.0.0.1:${(outer.address() as AddressInfo).port}/`);
    const before = connections;
    expect((await receivers.post(url, {}, '{}', AbortSignal.timeout(5_000))).status).toBe(302);
    expect(connections).toBe(before);
    await receivers.close();
    for (const one of [inner, outer]) one.close();
  });

  it('reaches what is allowed, by address and by name', async () => {
    expect(await statusThrough(['127.0.0.1'], '127.0.0.1')).toBe(204);
    expect(await statusThrough(['127.0.0.1'], 'hook.example')).toBe(204);
    expect(await statusThrough(['hook.example'], 'hook.example')).toBe(204);
  });
});
