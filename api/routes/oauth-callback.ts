import { countGuess } from '../auth/limit.ts';
import { redirect } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import type { ApiContext } from '../api-context.ts';
import { finishAuthorization } from '../connect/callback.ts';
import type { CallbackOutcome } from '../connect/callback.ts';
import { callbackParams, callbackQuery } from '../schemas/connect.ts';

const callback = defineCall({
  method: 'get',
  path: '/oauth/:provider/callback',
  operationId: 'finishAuthorization',
  summary: 'Complete a sign-in after the provider’s page',
  description:
    'The provider sends the browser here. It goes on to `return_to` of the link, with `status=connected` and `channel=`, or `status=failed` and `code=`; or to the link’s page.',
  tag: 'Connect pages',
  isInternal: true,
  access: 'public',
  params: callbackParams,
  query: callbackQuery,
  answers: { 303: redirect('To the connect page or `return_to`, with `status`, `channel` or `code`') },
  async run({ context, params: { provider }, request }) {
    const parameters = new URL(request.originalUrl, context.config.publicUrl).searchParams;
    const outcome = await finishAuthorization(context, { provider, parameters, request });
    if (!outcome.opened) countGuess(context, request);
    return { status: 303, location: destination(context, outcome) };
  },
});

/** The product set `return_to` when it made the link; nothing in the callback can change it (S-04). */
function destination({ config }: ApiContext, { opened, result }: CallbackOutcome): string {
  const page = `${config.publicUrl}/connect/${opened ? opened.address : 'unknown'}`;
  if (!result) return page;
  // A page that opened the link in a popup hears of the result from the connect page, which then returns by itself.
  const target = new URL((opened?.link.origin ? null : opened?.link.returnTo) ?? page);
  target.searchParams.set('status', result.status);
  if (result.status === 'connected') target.searchParams.set('channel', result.channel);
  else target.searchParams.set('code', result.code);
  if (result.status === 'failed' && opened?.channel) target.searchParams.set('channel', opened.channel.id);
  return target.href;
}

/** Microsoft sends `admin_consent=True` with a refusal too; only `error` tells them apart. */
const adminConsent = defineCall({
  method: 'get',
  path: '/oauth/:provider/admin-consent',
  operationId: 'landAdminConsent',
  summary: 'Receive an administrator after the provider’s page for consent',
  description: 'Microsoft sends an administrator here, who may have no session and no link.',
  tag: 'Connect pages',
  isInternal: true,
  access: 'public',
  params: callbackParams,
  query: callbackQuery,
  answers: { 303: redirect('To a page of words; nothing is stored and nothing is believed') },
  run({ context: { config }, request }) {
    const { searchParams } = new URL(request.originalUrl, config.publicUrl);
    const outcome = searchParams.has('error') ? 'refused' : 'allowed';
    return Promise.resolve({ status: 303, location: `${config.publicUrl}/admin-consent?outcome=${outcome}` });
  },
});

export const oauthCallbackCalls = [callback, adminConsent];
