import { SIGN_IN_PROBLEMS } from '../connect/sign-in-failure.ts';
import { adoptChannel } from '../connect/adopt.ts';
import { json } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import { tenantInReach } from '../auth/reach.ts';
import { adoptBody, channelOut } from '../schemas/channels.ts';
import { showConnected } from './channels.ts';

const adopt = defineCall({
  method: 'post',
  path: '/v1/channels',
  operationId: 'adoptChannel',
  summary: 'Adopt an account with a refresh token or password that the product already holds',
  description:
    'For connections that the product has made before. The credential is used once for real: the channel is stored when the provider proves the account, else nothing is. Where a provider takes each refresh token once, `exclusive` says that no other system uses it. Repeat the request safely: a token whose answer is stored is not sent again.',
  tag: 'Channels',
  access: ['channels:write'],
  body: adoptBody,
  example: {
    tenant: 'acme',
    access_type: 'gmail',
    account: { email: 'ana@example.com' },
    credential: { refresh_token: '1//0…' },
    covered_until: '2026-05-03T12:00:00Z',
  },
  answers: { 201: json('The channel; its credential was proved and stored', channelOut) },
  problems: [
    'app_credentials_invalid',
    'provider_unavailable',
    'tenant_not_allowed',
    'adoption_in_progress',
    'tenant_erasing',
    'access_type_not_allowed',
    'no_oauth_for_access_type',
    'import_not_supported',
    'no_refresh_token',
    ...SIGN_IN_PROBLEMS,
  ],
  knowsRepetition: ({ credential }) => 'refreshToken' in credential,
  async run({ context, principal, body }) {
    tenantInReach(principal, body.tenant);
    const id = await adoptChannel(context, body);
    return { status: 201, body: await showConnected(context, body.tenant, id) };
  },
});

export const adoptionCalls = [adopt];
