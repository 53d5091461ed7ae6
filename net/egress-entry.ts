import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** One entry of MOORING_EGRESS_ALLOW: a host name or a range of addresses, on one port or on all. */
export type EgressEntry = { port: number | null } & (
  | { host: string; range: null }
  | { host: null; range: [ipaddr.IPv4 | ipaddr.IPv6, number] }
);

const FORMS = 'host, host:port, address, address/bits, address:port, address/bits:port, [v6]:port or [v6/bits]:port';

/** Throws for any other form: a misread allowlist would be wider or narrower than meant. */
export function parseEgressEntry(text: string): EgressEntry {
  const { place, port } = splitPort(text.trim().toLowerCase());
  const range = parseRange(place);
  if (range !== null) return { host: null, range, port };
  if (!/^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?\.?$/.test(place)) throw refused(text);
  return { host: place.replace(/\.$/, ''), range: null, port };
}

function splitPort(text: string): { place: string; port: number | null } {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text);
  if (bracketed) return { place: bracketed[1] ?? '', port: parsePort(text, bracketed[2]) };
  // More than one colon without brackets is an IPv6 address, and has no port.
  const plain = /^([^:]+):(\d+)$/.exec(text);
  return plain ? { place: plain[1] ?? '', port: parsePort(text, plain[2]) } : { place: text, port: null };
}

function parsePort(text: string, digits: string | undefined): number | null {
  if (digits === undefined) return null;
  const port = Number(digits);
  if (port < 1 || port > 65_535) throw refused(text);
  return port;
}

function parseRange(place: string): [ipaddr.IPv4 | ipaddr.IPv6, number] | null {
  const [address = '', bits, rest] = place.split('/');
  const version = isIP(address);
  if (version === 0) return null;
  const length = version === 4 ? 32 : 128;
  const prefix = bits === undefined ? length : Number(bits);
  if (rest !== undefined || bits === '' || !Number.isInteger(prefix) || prefix < 0 || prefix > length) {
    throw refused(place);
  }
  return [ipaddr.parse(address), prefix];
}

function refused(text: string): Error {
  return new Error(`MOORING_EGRESS_ALLOW: "${text}" is none of: ${FORMS}`);
}
