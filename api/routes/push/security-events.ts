import { z } from 'zod';
import type { Request } from 'express';
import type { OAuthAdapter } from '../../../providers/contract.ts';
import { SECURITY_EVENT_ERRORS } from '../../../providers/security-events.ts';
import type { SecurityEventError } from '../../../providers/security-events.ts';
import type { ApiContext } from '../../api-context.ts';
import { countGuess, refuseGuess } from '../../auth/limit.ts';
import { empty, json } from '../../http/answers.ts';
import { defineCall } from '../../http/call.ts';
import { clientNetwork } from '../../http/client-address.ts';
import { countPush } from '../../http/metrics.ts';
import { Problem } from '../../http/problem.ts';
import { readRaw } from '../../http/read-raw.ts';
import { callbackParams } from '../../schemas/connect.ts';

const securityEventErrorOut = z.strictObject({
  err: z.enum(SECURITY_EVENT_ERRORS).describe('What is wrong with the token (RFC 8935 section 2.4)'),
  description: z.string().describe('The same in words'),
});

const securityEvents = defineCall({
  method: 'post',
  path: '/push/:provider/security-events',
  operationId: 'receiveSecurityEvent',
  summary: 'Receive a provider’s security event about an account',
  description:
    'Providers call it when something happens to an account or a grant (RFC 8935). A proved event makes Mooring check the account at once; it changes nothing by itself.',
  tag: 'Operation',
  isInternal: true,
  access: 'public',
  isUnlimited: true,
  params: callbackParams,
  query: z.looseObject({}).describe('Ignored'),
  body: z.unknown().describe('A security event token, application/secevent+jwt (RFC 8417)'),
  answers: {
    202: empty('The token is acknowledged; the channels of the account are checked'),
    400: json('The token does not verify (RFC 8935 section 2.3)', securityEventErrorOut),
  },
  problems: ['provider_unavailable'],
  async run({ context, params, request }) {
    const receiver = receiverOf(context, params.provider);
    if (!receiver) {
      return refuseGuess(
        context,
        request,
        new Problem('not_found', 'No security events of this provider are expected'),
      );
    }
    const { provider } = params;
    const receipt = await receiver.receive({ ...readRaw(request), now: await context.clock.now() });
    switch (receipt.outcome) {
      case 'unverifiable':
        countPush(provider, 'unverifiable');
        throw new Problem('provider_unavailable', 'The provider’s keys cannot be fetched', { retryAfterSeconds: 5 });
      case 'refused':
        return refuse(context, request, { provider, ...receipt });
      case 'verified':
        context.logger.info({ provider }, 'The provider verified the receiver of its security events');
        return { status: 202 };
      case 'told':
        countPush(provider, await context.tellAccounts({ provider, ...receipt }));
        return { status: 202 };
    }
  },
});

function receiverOf({ providers }: ApiContext, name: string): OAuthAdapter['securityEvents'] | null {
  const issuers = [...providers.values()].flatMap(({ signIn }) => signIn.oauth);
  return issuers.find(({ provider, securityEvents: events }) => provider === name && events)?.securityEvents ?? null;
}

interface Refused {
  provider: string;
  error: SecurityEventError;
  why: string;
}

function refuse(context: ApiContext, request: Request, { provider, error, why }: Refused) {
  countPush(provider, 'forged');
  const { limits, logger } = context;
  if (limits.refusals.isFirst(clientNetwork(request), `security event ${error}`))
    logger.warn({ provider, error, why }, 'A security event was refused');
  countGuess(context, request);
  return { status: 400 as const, body: { err: error, description: why } };
}

export const securityEventCalls = [securityEvents];
