import type { Request } from 'express';
import { z } from 'zod';
import type { PushReceipt } from '../../../providers/contract.ts';
import { empty, written } from '../../http/answers.ts';
import { defineCall } from '../../http/call.ts';
import type { ApiContext } from '../../api-context.ts';
import { countGuess, refuseGuess } from '../../auth/limit.ts';
import { clientNetwork } from '../../http/client-address.ts';
import { countPush } from '../../http/metrics.ts';
import { Problem } from '../../http/problem.ts';
import { readRaw } from '../../http/read-raw.ts';
import { callbackParams } from '../../schemas/connect.ts';

const push = defineCall({
  method: 'post',
  path: '/push/:provider',
  operationId: 'receivePush',
  summary: 'Receive a provider’s push',
  description:
    'Providers call it: Google by Pub/Sub, Microsoft Graph with its notifications. A push only says that there is news; it is proved by its signature or its secret.',
  tag: 'Operation',
  isInternal: true,
  access: 'public',
  isUnlimited: true,
  params: callbackParams,
  query: z.looseObject({}).describe('What the provider sends, such as a challenge'),
  body: z.unknown().describe('What the provider sends, in its own format'),
  answers: {
    200: written('The answer to a challenge', 'text/plain'),
    202: empty('The push is acknowledged'),
    204: empty('The push is acknowledged'),
  },
  problems: ['push_not_authentic', 'provider_unavailable'],
  async run({ context, params, request, response }) {
    const pushing = [...context.providers.values()].find(
      ({ name, capabilities }) => name === params.provider && capabilities.push !== null,
    );
    if (!pushing?.capabilities.push)
      return refuseGuess(context, request, new Problem('not_found', 'No pushes of this provider are expected'));
    const now = await context.clock.now();
    const receipt = await pushing.capabilities.push.receive({ ...readRaw(request), now });
    if (receipt.outcome === 'challenge') {
      response.type('text/plain').send(receipt.challenge);
      return { status: 200 };
    }
    if (receipt.outcome !== 'told') throw refusal(context, request, params.provider, receipt);
    const told = await context.tellChannels(pushing.accessType, receipt.items);
    for (const outcome of told) countPush(params.provider, outcome);
    return { status: receipt.status };
  },
});

type Refused = Exclude<PushReceipt, { outcome: 'challenge' | 'told' }>;

function refusal(context: ApiContext, request: Request, provider: string, receipt: Refused): Problem {
  countPush(provider, receipt.outcome);
  if (receipt.outcome === 'unverifiable') {
    return new Problem('provider_unavailable', 'The provider’s keys cannot be fetched', { retryAfterSeconds: 5 });
  }
  const { limits, logger } = context;
  if (limits.refusals.isFirst(clientNetwork(request), `push ${receipt.outcome}`))
    logger.warn({ provider, outcome: receipt.outcome, why: receipt.why }, 'A push was refused');
  countGuess(context, request);
  if (receipt.outcome === 'forged')
    return new Problem('push_not_authentic', `The push is not authentic: ${receipt.why}`);
  return new Problem('validation_failed', `Expected ${receipt.why}`);
}

export const pushCalls = [push];
