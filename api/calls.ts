import { bannerCalls } from './banner/banner-calls.ts';
import type { Call } from './http/call.ts';
import { accessTokenCalls } from './routes/access-tokens.ts';
import { adoptionCalls } from './routes/adoption.ts';
import { apiKeyCalls } from './routes/api-keys.ts';
import { brandingCalls } from './branding/calls.ts';
import { outboxCalls } from './outbox/calls.ts';
import { channelCommandCalls } from './routes/channel-commands.ts';
import { channelCalls } from './routes/channels.ts';
import { connectCalls } from './routes/connect.ts';
import { healthCalls } from './routes/health.ts';
import { importCalls } from './routes/imports.ts';
import { incidentCalls } from './routes/incidents.ts';
import { linkCalls } from './routes/links.ts';
import { messageViewCalls } from './message-view/calls.ts';
import { messageCalls } from './routes/messages.ts';
import { metricsCalls } from './routes/metrics.ts';
import { mailCalls } from './routes/notices/unsubscribe.ts';
import { noticeCalls } from './routes/notices/notices.ts';
import { oauthCallbackCalls } from './routes/oauth-callback.ts';
import { pushCalls } from './routes/push/push.ts';
import { securityEventCalls } from './routes/push/security-events.ts';
import { sendingCalls } from './routes/sending/send-message.ts';
import { streamCalls } from './routes/stream.ts';
import { supportCalls } from './support/support-calls.ts';
import { tenantCalls } from './routes/tenants.ts';
import { timelineCalls } from './routes/timeline.ts';
import { uiSessionCalls } from './routes/ui-session.ts';
import { webhookCalls } from './routes/webhook-endpoints.ts';

/** Every call there is: the routes, the OpenAPI document and the test of who may come in are made from it. */
export const CALLS: { health: Call[]; push: Call[]; mail: Call[]; all: Call[] } = {
  /** Answered under any host name: a platform's probe has only an address. */
  health: [...healthCalls, ...metricsCalls],
  /** Take a body of any kind, at most as large as one of JSON. */
  push: [...pushCalls, ...securityEventCalls],
  /** What mail programs call, with a form; a browser gets a page at the same address. */
  mail: mailCalls,
  all: [
    ...accessTokenCalls, // first: read far more often than the rest, and routes are tried in this order
    ...linkCalls,
    ...adoptionCalls,
    ...channelCalls,
    ...channelCommandCalls,
    ...importCalls,
    ...timelineCalls,
    ...supportCalls,
    ...messageCalls,
    ...messageViewCalls,
    ...sendingCalls,
    ...tenantCalls,
    ...brandingCalls,
    ...outboxCalls,
    ...apiKeyCalls,
    ...streamCalls,
    ...incidentCalls,
    ...noticeCalls,
    ...webhookCalls,
    ...bannerCalls,
    ...connectCalls,
    ...oauthCallbackCalls,
    ...uiSessionCalls,
  ],
};
