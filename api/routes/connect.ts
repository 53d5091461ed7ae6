import { findBranding } from '../../db/access/branding.ts';
import { findCredentialState } from '../../db/credentials/credentials.ts';
import { findSignInImport } from '../../db/imports/receipts.ts';
import type { ChannelRow } from '../../db/channels/channels.ts';
import { json } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import { SIGN_IN_PROBLEMS } from '../connect/sign-in-failure.ts';
import { letOriginRead } from '../http/cross-origin.ts';
import { adminConsentUrl } from '../connect/admin-consent.ts';
import { startAuthorization } from '../connect/authorize.ts';
import { requireKnown } from '../connect/known-access-types.ts';
import { openLink, sharedMailbox, whyOver } from '../connect/open-link.ts';
import { renewLink } from '../connect/renew-link.ts';
import { signInWithPassword } from '../connect/password.ts';
import { presentPageBranding } from '../branding/present-branding.ts';
import { presentImport } from '../presenters/import.ts';
import { presentAccess, presentCause, presentSignIn } from '../presenters/sign-in.ts';
import {
  authorizeBody,
  authorizeOut,
  connectSessionOut,
  linkParams,
  passwordBody,
  passwordOut,
  progressOut,
  renewBody,
  renewOut,
} from '../schemas/connect.ts';
import { showConnected } from './channels.ts';

const tag = 'Connect pages';
const params = linkParams;

const session = defineCall({
  method: 'get',
  path: '/connect/:link/session',
  operationId: 'getConnectSession',
  summary: 'Read what a link is for and the result of its sign-in',
  description: 'The page behind a link reads it first. It answers also when the link is used, with the result.',
  tag,
  access: 'public',
  params,
  answers: { 200: json('The link; also after it was used', connectSessionOut) },
  async run({ context, params: { link: address }, request, response }) {
    const opened = await openLink(context, address, request);
    const { link, channel, policy, end, accessTypes, otherAccessTypes } = opened;
    letOriginRead(request, response, link.origin);
    // Its form is gone, so a link that is over needs to tell no server.
    const isOver = whyOver(end, await context.clock.now()) !== null;
    const credential =
      channel && (await context.database.inTenant(channel.tenantId, (tx) => findCredentialState(tx, channel.id)));
    // To change the access is to sign in in any way, also of the channel's own access type.
    const isPinned = link.purpose !== 'change_access';
    const taken = credential && isPinned ? { ...credential, accessType: channel.accessType } : null;
    return {
      status: 200,
      body: {
        purpose: link.purpose,
        access_types: accessTypes,
        other_access_types: otherAccessTypes,
        sign_in: presentSignIn(context, [...accessTypes, ...otherAccessTypes], taken),
        tenant: link.tenantId,
        display_name: policy.displayName ?? link.tenantId,
        locale: policy.locale,
        branding: presentPageBranding(await context.database.outsideTenants(findBranding)),
        channel: channel && {
          account: presentAccount(channel),
          access_type: channel.accessType,
          access: presentAccess(context, channel, credential),
          status: channel.status,
          status_reason: channel.statusReason,
          action: channel.action,
          cause: presentCause(context, channel, credential),
          status_since: channel.statusSince.toISOString(),
          import: channel.importMode,
          server: isOver ? null : channel.server,
          smtp: isOver ? null : channel.smtp,
        },
        import: channel?.importMode ?? link.spec.import,
        uses: link.spec.uses,
        admin_consent_url: await adminConsentUrl(context, opened),
        expires_at: end.expiresAt.toISOString(),
        done: end.done,
        result: end.result,
        return_to: link.returnTo,
        origin: link.origin,
        shared_mailbox: sharedMailbox(opened),
        sandbox_page: context.config.sandbox?.page || null,
      },
    };
  },
});

const presentAccount = (row: ChannelRow) => ({
  email: row.accountEmail,
  login: row.accountLogin,
  provider_id: row.accountProviderId,
});

const authorize = defineCall({
  method: 'post',
  path: '/connect/:link/authorize',
  operationId: 'startAuthorization',
  summary: 'Start a sign-in at the provider, bound to this browser by a cookie',
  description:
    'Send the browser to `authorization_url`. It comes back to the callback of this server, and only the browser with the cookie of this answer can complete the sign-in.',
  tag,
  access: 'public',
  params,
  body: authorizeBody,
  example: { access_type: 'gmail' },
  answers: { 200: json('The provider’s page for the person', authorizeOut) },
  problems: ['link_used', 'link_expired', 'access_type_not_allowed', 'no_oauth_for_access_type'],
  async run({ context, params: { link: address }, body, request, response }) {
    const { accessType, provider, login } = body;
    requireKnown(context, 'access_type', accessType);
    const url = await startAuthorization(context, { address, accessType, provider, login, request, response });
    return { status: 200, body: { authorization_url: url.href } };
  },
});

const password = defineCall({
  method: 'post',
  path: '/connect/:link/password',
  operationId: 'signInWithPassword',
  summary: 'Sign in with a password, which is stored only after a real login',
  description:
    'Mooring logs in once for real, and stores the password only if that works. A problem says what failed, in `code` and in words for the person. A link is good for 20 attempts in ten minutes, and 50 in all.',
  tag,
  access: 'public',
  params,
  body: passwordBody,
  example: { access_type: 'imap', username: 'ana@example.com', password: '…', host: 'imap.example.com', port: 993 },
  answers: { 200: json('The connected channel', passwordOut) },
  problems: [
    'link_used',
    'link_expired',
    'access_type_not_allowed',
    'no_password_for_access_type',
    'not_supported_yet',
    'server_not_found',
    ...SIGN_IN_PROBLEMS,
  ],
  async run({ context, params: { link: address }, body, request }) {
    requireKnown(context, 'access_type', body.accessType);
    const opened = await openLink(context, address, request);
    const id = await signInWithPassword(context, opened, body);
    return { status: 200, body: { channel: await showConnected(context, opened.link.tenantId, id) } };
  },
});

const progress = defineCall({
  method: 'get',
  path: '/connect/:link/progress',
  operationId: 'getConnectProgress',
  summary: 'Read the progress of the import that a sign-in caused',
  description: 'For the page that a person sees after the sign-in.',
  tag,
  access: 'public',
  params,
  answers: { 200: json('The import and its channel', progressOut) },
  async run({ context, params: { link: address }, request }) {
    const { link, channel, end } = await openLink(context, address, request);
    const receipt =
      channel && end.done
        ? await context.database.inTenant(link.tenantId, (tx) => findSignInImport(tx, channel.id))
        : null;
    return {
      status: 200,
      body: {
        import: receipt && presentImport(receipt),
        channel: channel && { account: presentAccount(channel), status: channel.status, import: channel.importMode },
      },
    };
  },
});

const renew = defineCall({
  method: 'post',
  path: '/connect/:link/renew',
  operationId: 'renewLink',
  summary: 'Mail a new link in place of one that expired, or was used and broke again, to its person',
  description: 'Always 202, so that the answer tells nothing of the person. The mail goes to whom the old link went.',
  tag,
  access: 'public',
  params,
  body: renewBody,
  example: {},
  answers: { 202: json('The same for every link, known or not', renewOut) },
  async run({ context, params: { link: address }, request }) {
    await renewLink(context, address, request);
    return { status: 202, body: { accepted: true as const } };
  },
});

export const connectCalls = [session, authorize, password, progress, renew];
