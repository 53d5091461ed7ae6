import type { Response } from 'express';
import { reportFailure } from '../../channels/report-failure.ts';
import { serveAccessToken } from '../tokens/access-token.ts';
import { json } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import { Problem } from '../http/problem.ts';
import { isoOrNull } from '../presenters/time.ts';
import { changeInReach } from '../auth/reach.ts';
import { reportBody, reportOut, tokenOut, tokenQuery } from '../schemas/channels.ts';
import { idParams } from '../schemas/parts.ts';
import { LEFT, isOneOf } from '../../domain/channel.ts';

const tag = 'Access tokens';
const params = idParams('chn');

const read = defineCall({
  method: 'get',
  path: '/v1/channels/:id/access-token',
  operationId: 'getAccessToken',
  summary: 'Read a fresh access token',
  description:
    'The token lives for at least `min_life_s` more, or for half of its whole life. A stale one is refreshed first, once for all that ask. A token past its end, or one that the provider was seen or reported to refuse, is never given out. 409 says by `action` who has to act; 503 is `retryable`.',
  tag,
  access: ['tokens:read'],
  params,
  query: tokenQuery,
  answers: { 200: json('A fresh access token', tokenOut) },
  problems: ['disconnected', 'reauth_required', 'blocked', 'no_token_for_access_type', 'token_unavailable'],
  async run({ context, principal, params: { id }, query, response }) {
    const minLifeMs = query.min_life_s === undefined ? null : query.min_life_s * 1000;
    const question = { channelId: id, tenantId: principal.tenantId, apiKeyId: principal.id, minLifeMs };
    const token = await serveAccessToken(context, question, () => goneSignal(response));
    return {
      status: 200,
      body: {
        access_token: token.accessToken.reveal(),
        token_type: token.tokenType,
        expires_at: token.expiresAt.toISOString(),
        version: token.version,
        scopes: token.scopes,
      },
    };
  },
});

/** A caller that hangs up ends its wait. Every answer ends with `close`; one that was not sent means that the caller is gone. */
function goneSignal(response: Response): AbortSignal {
  const gone = new AbortController();
  if (response.closed) gone.abort();
  response.on('close', () => response.writableFinished || gone.abort());
  return gone.signal;
}

const report = defineCall({
  method: 'post',
  path: '/v1/channels/:id/report-failure',
  operationId: 'reportFailure',
  summary: 'Report that the provider refused a call, so that the channel is checked at once',
  description:
    'Call it when the provider answers one of your calls with 401 or 403. Mooring then checks the account within seconds, and asks the person only if the credential has failed for good. Repeated reports cause one check.',
  tag,
  access: ['tokens:read', 'channels:write'],
  params,
  body: reportBody,
  example: { http_status: 401, body: '{"error":{"code":401,"status":"UNAUTHENTICATED"}}' },
  answers: { 202: json('When the channel was last checked', reportOut) },
  problems: ['disconnected'],
  async run({ context, principal, params: { id }, body }) {
    const refused = body.httpStatus === 401 || body.httpStatus === 403;
    const reported = await changeInReach(context, { principal, id }, async (waking, row) => {
      if (isOneOf(LEFT, row.status)) {
        throw new Problem('disconnected', 'The channel is disconnected; there is nothing to check');
      }
      return reportFailure(waking, row, refused);
    });
    return { status: 202, body: { checked_at: isoOrNull(reported.checkedAt) } };
  },
});

export const accessTokenCalls = [read, report];
