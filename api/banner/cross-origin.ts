import type { RequestHandler } from 'express';
import { isBannerOrigin } from '../../db/across-tenants/banner-origins.ts';
import type { TenantPolicy } from '../../db/schema/tenants.ts';
import type { ApiContext } from '../api-context.ts';
import { requireLeft } from '../auth/limit.ts';
import { clientNetwork } from '../http/client-address.ts';
import { letOriginRead } from '../http/cross-origin.ts';

/** The one call that pages of other origins make with a header of their own. */
export const BANNER_STATE = '/banner/state';

/** How long a browser remembers a preflight, in seconds. */
const PREFLIGHT_LIFE_S = 600;

/** A page's origin, if the tenant's policy lists it; null for any other, and outside of a page. */
export function listedOrigin(
  { config }: ApiContext,
  origin: string | null,
  { bannerOrigins }: TenantPolicy,
): string | null {
  if (origin === null) return null;
  return bannerOrigins.includes(origin) || origin === sandboxOrigin(config) ? origin : null;
}

/** The sandbox's page plays the product, also for a tenant without a policy. */
function sandboxOrigin({ sandbox }: ApiContext['config']): string | null {
  return sandbox?.page ? new URL(sandbox.page).origin : null;
}

/**
 * Answers a preflight of the banner's state. It carries no token, so it tells no tenant: any tenant's origin is allowed to
 * ask, and the answer itself then names the origins of the token's tenant alone.
 */
export function answerPreflight(context: ApiContext): RequestHandler {
  return async (request, response) => {
    response.locals['route'] = BANNER_STATE;
    const { publicCalls, lookups } = context.limits;
    const detail = `This address may make ${publicCalls.uses} calls without a key in a minute`;
    requireLeft(publicCalls, clientNetwork(request), detail);
    const origin = request.get('origin') ?? '';
    const isKnown =
      origin === sandboxOrigin(context.config) || (await lookups.take(() => isBannerOrigin(context.database, origin)));
    letOriginRead(request, response, isKnown ? origin : null);
    if (isKnown) {
      response.set('Access-Control-Allow-Methods', 'GET');
      response.set('Access-Control-Allow-Headers', 'Authorization, Accept-Language');
      response.set('Access-Control-Max-Age', String(PREFLIGHT_LIFE_S));
    }
    response.status(204).end();
  };
}
