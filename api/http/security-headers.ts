import type { RequestHandler } from 'express';
import helmet from 'helmet';
import type { Context } from '../../runtime/context.ts';
import { Problem } from './problem.ts';
import type { Principal } from './scopes.ts';

type Config = Context['config'];

/** Nothing but our own files; styles may be inline because the component library writes them so. */
const CONTENT_SECURITY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'", "'unsafe-inline'"],
  imgSrc: ["'self'", 'data:'],
  fontSrc: ["'self'"],
  connectSrc: ["'self'"],
  manifestSrc: ["'self'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
  baseUri: ["'none'"],
};

export function securityHeaders({ publicUrl }: Config): RequestHandler {
  return helmet({
    contentSecurityPolicy: { useDefaults: false, directives: CONTENT_SECURITY },
    // A connect link's address is a secret, so it is never sent as a referrer.
    referrerPolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: publicUrl.startsWith('https:'),
    // Headers for obsolete browsers and plug-ins, which every answer would carry.
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
  });
}

/** Answers only under our own names, against DNS rebinding: a page whose name resolves to us gets nothing. */
export function checkHost(config: Config): RequestHandler {
  const allowed = ownHosts(config);
  return (request, _response, next) => {
    const host = request.get('host')?.toLowerCase() ?? '';
    if (allowed.has(host)) return next();
    throw new Problem('host_not_allowed', `Expected the host ${new URL(config.publicUrl).host}`);
  };
}

/**
 * An unsafe request that a cookie authorises must come from our own page (S-37); a request with a key may come from
 * anywhere.
 */
export function checkOrigin(config: Config): RequestHandler {
  const origins = new Set([...ownHosts(config)].map((host) => `${new URL(config.publicUrl).protocol}//${host}`));
  return (request, response, next) => {
    const principal = response.locals['principal'] as Principal | null;
    const isSafe = request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS';
    if (isSafe || principal?.kind !== 'session' || origins.has(request.get('origin') ?? '')) return next();
    throw new Problem('origin_not_allowed', `Expected the origin ${new URL(config.publicUrl).origin}`);
  };
}

/** A connect page in a popup tells the page that opened it of its result, so the browser must not part the two. */
export const keepOpener: RequestHandler = (_request, response, next) => {
  response.set('Cross-Origin-Opener-Policy', 'unsafe-none');
  next();
};

function ownHosts({ publicUrl, bind, port }: Config): Set<string> {
  const hosts = new Set([new URL(publicUrl).host.toLowerCase(), `${bind}:${port}`]);
  // A loopback address is reachable from this machine alone.
  if (['127.0.0.1', 'localhost', '::1', '0.0.0.0', '::'].includes(bind)) {
    for (const name of ['127.0.0.1', 'localhost', '[::1]']) hosts.add(`${name}:${port}`);
  }
  return hosts;
}

/** No cache stores tokens, mail or links (S-34). */
export const noStore: RequestHandler = (_request, response, next) => {
  response.set('Cache-Control', 'no-store');
  next();
};
