import { isIP } from 'node:net';
import type { Request, RequestHandler } from 'express';
import ipaddr from 'ipaddr.js';
import type { Context } from '../../runtime/context.ts';

/** `192.0.2.1:4711`, `[2001:db8::1]:4711`, `[2001:db8::1]`: some proxies add the port. */
const WITH_PORT = /^(?:\[(?<inBrackets>[^\]]+)\]|(?<plain>[\d.]+)(?=:))(?::\d{1,5})?$/;

/**
 * The client's address: the socket's, or behind a trusted proxy the right-most entry of `X-Forwarded-For` that is no
 * trusted proxy. What stands left of that entry is the client's own claim. null: a trusted proxy named no address.
 */
export function clientAddress(request: Request): string | null {
  const named = request.ip?.trim() ?? '';
  const { inBrackets, plain } = WITH_PORT.exec(named)?.groups ?? {};
  const address = inBrackets ?? plain ?? named;
  return isIP(address) === 0 ? null : ipaddr.process(address).toString();
}

/** What requests are counted under: the address, or of IPv6 the network, which is one client's. */
export function clientNetwork(request: Request): string {
  const address = clientAddress(request) ?? 'unknown';
  if (isIP(address) !== 6) return address;
  const [head] = ipaddr.parse(address).toNormalizedString().split('%');
  return `${head?.split(':').slice(0, 4).join(':')}::/64`;
}

/** Says once that requests are forwarded here and no proxy is trusted: every client then has the proxy's address. */
export function tellOfProxies({ config, logger }: Pick<Context, 'config' | 'logger'>): RequestHandler {
  let isTold = config.trustedProxies.length > 0;
  return (request, _response, next) => {
    if (!isTold && request.get('x-forwarded-for') !== undefined) {
      isTold = true;
      logger.warn(
        'A request had X-Forwarded-For, which is not believed; name the proxy in MOORING_TRUSTED_PROXIES, or all clients count as one address',
      );
    }
    next();
  };
}
