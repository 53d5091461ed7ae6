import { isIP } from 'node:net';
import type { LookupFunction, Socket } from 'node:net';
import ipaddr from 'ipaddr.js';
import { buildConnector } from 'undici';
import { parseEgressEntry } from './egress-entry.ts';
import type { EgressEntry } from './egress-entry.ts';
import { resolveName } from './resolve.ts';
import type { Resolve } from './resolve.ts';

/** Ports that a server named by a person may be at without being listed in MOORING_EGRESS_ALLOW. */
export const IMAP_PORTS: readonly number[] = [143, 993];
export const SUBMISSION_PORTS: readonly number[] = [465, 587];
export const HTTPS_PORTS: readonly number[] = [443];

/** Where servers named by people (IMAP, EWS, webhooks) may be, beside public addresses. */
export interface EgressConfig {
  /** Entries of MOORING_EGRESS_ALLOW: `host`, `host:port`, `address`, `address/bits`, `address:port`, `[v6]:port`. */
  allow: string[];
}

/** A server that a person named is not at a public address, or not at a port of the service. */
export class EgressDenied extends Error {
  readonly code = 'egress_denied';

  constructor(host: string, port: number) {
    // Without the resolved address: the form must not be a map of our network.
    super(`${host}:${port} is not a public server; the operator can allow it in MOORING_EGRESS_ALLOW (egress_denied)`);
    this.name = 'EgressDenied';
  }
}

/** The way to one server: the lookup of its name, and a last check of the address that was reached. */
interface Passage {
  /**
   * For `net.connect`, `tls.connect` and undici's `connect`: fails with `EgressDenied` unless every answer is allowed.
   */
  lookup: LookupFunction;
  /** Destroys a connected socket that reached an address which is not allowed. */
  verify(socket: Socket): void;
}

export interface EgressGuard {
  /**
   * Judges a server by name, port and, where the name is an address, by that. Throws `EgressDenied`.
   * `ports` are the service's own; any other port must be listed.
   */
  admit(host: string, port: number, ports: readonly number[]): Passage;
}

/**
 * Keeps servers that people name (IMAP, EWS, webhooks) from leading into our own network. It judges at connect time:
 * all addresses a name resolves to, in the very lookup the socket uses, so that a name cannot change between the
 * judging and the connecting (S-50). Public means `unicast` to ipaddr.js, after unwrapping v4-mapped addresses:
 * loopback, private, link-local, CGNAT, NAT64, 6to4, Teredo and the like are not, nor are public numbers that a cloud
 * uses itself.
 */
export function createEgressGuard(config: EgressConfig, resolve: Resolve = resolveName): EgressGuard {
  const entries = config.allow.map(parseEgressEntry);
  return {
    admit(host, port, ports) {
      const name = normalizeHost(host);
      const rules = entries.filter((entry) => entry.port === null || entry.port === port);
      const allowed = (address: string): boolean =>
        rules.some((rule) => matches(rule, name, address)) || (ports.includes(port) && isPublic(address));
      const listed = ports.includes(port) || rules.length > 0;
      if (!listed || (isIP(name) !== 0 && !allowed(name))) throw new EgressDenied(host, port);
      return {
        lookup: guardedLookup(resolve, (address) => allowed(address), new EgressDenied(host, port)),
        verify(socket) {
          const { remoteAddress } = socket;
          // A connection that has ended has no address: that denies nothing, and nothing can be sent on it.
          if (remoteAddress !== undefined && !allowed(remoteAddress)) socket.destroy(new EgressDenied(host, port));
        },
      };
    },
  };
}

function guardedLookup(resolve: Resolve, allowed: (address: string) => boolean, denied: EgressDenied): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '');
      const [first] = addresses;
      // One bad answer among good ones is a rebinding attempt, not bad luck.
      if (!first || !addresses.every(({ address }) => allowed(address))) return callback(denied, '');
      if (options.all) return callback(null, addresses);
      callback(null, first.address, first.family);
    });
  };
}

function normalizeHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

function matches(entry: EgressEntry, name: string, address: string): boolean {
  if (entry.host !== null) return entry.host === name;
  if (!ipaddr.isValid(address)) return false;
  const judged = ipaddr.process(address);
  const [network, bits] = entry.range;
  return judged.kind() === network.kind() && judged.match(network, bits);
}

/** All assigned IPv6 (RFC 4291 section 2.4); ipaddr.js calls the rest `unicast` too, such as `::127.0.0.1` in hex. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');
/** A public number that every Azure host serves itself (WireServer: metadata and certificates). */
const AZURE_HOST = '168.63.129.16';

function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const judged = ipaddr.process(address);
  if (judged.range() !== 'unicast') return false;
  return judged.kind() === 'ipv6' ? judged.match(...GLOBAL_IPV6) : judged.toString() !== AZURE_HOST;
}

/**
 * An undici connector through the guard, for HTTP servers named by people. Plain `http:` has no port of its own here:
 * it goes only where the allowlist names the server.
 */
export function guardedConnector(
  guard: EgressGuard,
  options: { timeoutMs: number; certificateAuthorities: string[] | null },
): buildConnector.connector {
  return (target, callback) => {
    const secure = target.protocol === 'https:';
    const port = Number(target.port) || (secure ? 443 : 80);
    try {
      const passage = guard.admit(target.hostname, port, secure ? HTTPS_PORTS : []);
      const connect = buildConnector({
        timeout: options.timeoutMs,
        allowH2: false,
        lookup: passage.lookup,
        ...(options.certificateAuthorities === null ? {} : { ca: options.certificateAuthorities }),
      });
      connect(target, (error, socket) => {
        if (error !== null) return callback(error, null);
        passage.verify(socket);
        if (socket.destroyed) return callback(socket.errored ?? new Error('The connection was closed at once'), null);
        callback(null, socket);
      });
    } catch (error) {
      callback(error as Error, null);
    }
  };
}
