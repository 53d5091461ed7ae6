import { findChannel } from '../../db/channels/channels.ts';
import { sha256 } from '../../crypto/random-secrets.ts';
import { localeOf } from '../../domain/locale.ts';
import { refuseGuess, requireLeft } from '../auth/limit.ts';
import { tenantInReach } from '../auth/reach.ts';
import { json, written } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import { clientNetwork } from '../http/client-address.ts';
import { letOriginRead } from '../http/cross-origin.ts';
import { Problem, notFound } from '../http/problem.ts';
import { bannerStateOut, bannerTokenBody, bannerTokenOut } from '../schemas/banner.ts';
import { readBannerState } from './banner-state.ts';
import { makeBannerToken, readBannerToken } from './banner-token.ts';
import { BANNER_STATE } from './cross-origin.ts';
import { sendScript } from './script.ts';

const tag = 'Banner';

const createToken = defineCall({
  method: 'post',
  path: '/v1/banner-tokens',
  operationId: 'createBannerToken',
  summary: 'Make a short-lived token for a banner in the product’s page',
  description:
    'Make it on your server when you render the page. It reads which channels need a person, and nothing else.',
  tag,
  access: ['links:write'],
  body: bannerTokenBody,
  example: { tenant: 'acme', owner_email: 'ana@example.com' },
  answers: { 201: json('The token; it is not stored', bannerTokenOut) },
  problems: ['tenant_not_allowed', 'not_found'],
  async run({ context, principal, body }) {
    const { tenant: tenantId, ownerEmail = null, channel: channelId = null, ttlS } = body;
    tenantInReach(principal, tenantId);
    if (channelId !== null) {
      const row = await context.database.inTenant(tenantId, (tx) => findChannel(tx, channelId));
      if (!row) throw notFound('channel');
    }
    const expiresAt = new Date((await context.clock.now()).getTime() + ttlS * 1_000);
    const token = makeBannerToken(context, { tenantId, ownerEmail, channelId, expiresAt });
    return { status: 201, body: { token, expires_at: expiresAt.toISOString() } };
  },
});

const readState = defineCall({
  method: 'get',
  path: BANNER_STATE,
  operationId: 'getBannerState',
  summary: 'Read the channels that need a person, with `Authorization: Bearer` and a banner token',
  description:
    '`<mooring-banner>` calls it every 30 s. The banner token says whose channels are shown. Pages of the policy’s `banner_origins` may read it.',
  tag,
  access: 'public',
  answers: { 200: json('The channels; pages of the policy’s `banner_origins` may read it', bannerStateOut) },
  problems: ['unauthenticated'],
  async run({ context, request, response }) {
    const [, token = ''] = /^Bearer +(\S+)$/i.exec(request.get('authorization') ?? '') ?? [];
    const claims = readBannerToken(context, token);
    if (!claims) refuseGuess(context, request, new Problem('unauthenticated', 'The banner token is not valid'));
    const { bannerReads } = context.limits;
    const reader = `${sha256(token)} ${clientNetwork(request)}`;
    requireLeft(bannerReads, reader, `A banner token may be read ${bannerReads.uses} times in a minute`);
    const { origin, state } = await readBannerState(context, {
      claims,
      pageOrigin: request.get('origin') ?? null,
      locale: localeOf(request.get('accept-language')),
      now: await context.clock.now(),
    });
    letOriginRead(request, response, origin);
    // Genuine, so no guess: pages that stay open with it must not use up what their address may name wrongly.
    if (!state) throw new Problem('unauthenticated', 'The banner token has expired');
    return { status: 200, body: state };
  },
});

const script = defineCall({
  method: 'get',
  path: '/mooring.js',
  operationId: 'getScript',
  summary: 'Read the script that brings `<mooring-banner>` and `mooring.open`',
  description: 'Put it into your page with a `<script>` tag.',
  tag,
  access: 'public',
  answers: { 200: written('The script, for any page', 'text/javascript') },
  async run({ context, response }) {
    await sendScript(context, response);
    return { status: 200 };
  },
});

export const bannerCalls = [createToken, readState, script];
