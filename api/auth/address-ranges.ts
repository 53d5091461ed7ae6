import ipaddr from 'ipaddr.js';

type Range = [network: ipaddr.IPv4 | ipaddr.IPv6, bits: number];

/** The prefix of an IPv4 address that is written as IPv6, `::ffff:0:0/96`. */
const MAPPED_BITS = 96;

/** A range as it is compared: IPv4 that is written as IPv6 is IPv4. */
function parseRange(text: string): Range {
  const [network, bits] = ipaddr.parseCIDR(text);
  if (network instanceof ipaddr.IPv6 && network.isIPv4MappedAddress() && bits >= MAPPED_BITS) {
    return [network.toIPv4Address(), bits - MAPPED_BITS];
  }
  return [network, bits];
}

const contains = ([network, bits]: Range, address: ipaddr.IPv4 | ipaddr.IPv6) =>
  address.kind() === network.kind() && address.match(network, bits);

/** Whether an address is in one of the ranges. */
export function isInRanges(address: string, ranges: readonly string[]): boolean {
  if (!ipaddr.isValid(address)) return false;
  const judged = ipaddr.process(address);
  return ranges.some((range) => contains(parseRange(range), judged));
}

/** Whether one of `outer` holds all of `inner`. Ranges that only together hold it do not count. */
export function isRangeWithin(inner: string, outer: readonly string[]): boolean {
  const [network, bits] = parseRange(inner);
  return outer.map(parseRange).some((range) => bits >= range[1] && contains(range, network));
}
