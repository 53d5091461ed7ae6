import { findKey, keyPrincipal } from '../auth/authenticate.ts';
import { countGuess } from '../auth/limit.ts';
import { empty, json, redirect } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import type { ApiContext } from '../api-context.ts';
import { isSameSecret } from '../../crypto/random-secrets.ts';
import { presentSignIn } from '../presenters/sign-in.ts';
import { loginQuery, sessionBody, sessionOut } from '../schemas/ui.ts';
import { hasEveryScope } from '../http/scopes.ts';
import type { Principal } from '../http/scopes.ts';
import { closeSession, openSession } from '../auth/session.ts';

const tag = 'Web UI';

const signIn = defineCall({
  method: 'post',
  path: '/ui/session',
  operationId: 'createUiSession',
  summary: 'Exchange an API key for a session cookie',
  description: 'The cookie has the rights of the key, and ends with it.',
  tag,
  isInternal: true,
  access: 'public',
  body: sessionBody,
  example: { api_key: 'mk_…' },
  answers: { 200: json('The cookie is set', sessionOut) },
  problems: ['unauthenticated', 'key_expired', 'address_not_allowed'],
  async run({ context, body, request, response }) {
    const key = await findKey(context, request, body.apiKey);
    const principal = await keyPrincipal(context, key, request);
    await openSession(context, response, key.id);
    return { status: 200, body: presentSession(context, principal) };
  },
});

const read = defineCall({
  method: 'get',
  path: '/ui/session',
  operationId: 'getUiSession',
  summary: 'Read what the web UI needs to know',
  description: 'Access types, how to sign in with each, and addresses of other pages.',
  tag,
  isInternal: true,
  access: ['channels:read'],
  answers: { 200: json('The session is valid', sessionOut) },
  async run({ context, principal }) {
    return { status: 200, body: presentSession(context, principal) };
  },
});

function presentSession({ providers, config }: ApiContext, { scopes }: Principal) {
  const { mail } = config;
  return {
    access_types: [...providers.keys()],
    sign_in: presentSignIn({ providers }, providers.keys(), null),
    temporal_ui: config.temporal.uiUrl,
    outbox: mail.smtp === null && mail.isKept && hasEveryScope(scopes),
    sandbox_page: config.sandbox?.page || null,
  };
}

const signOut = defineCall({
  method: 'delete',
  path: '/ui/session',
  operationId: 'deleteUiSession',
  summary: 'End the session',
  description: 'The cookie is worth nothing from then on.',
  tag,
  isInternal: true,
  access: 'public',
  answers: { 204: empty('The session has ended') },
  async run({ context, request, response }) {
    await closeSession(context, request, response);
    return { status: 204 };
  },
});

/** The link that `npm start` prints: a reader of that terminal may sign in. */
const login = defineCall({
  method: 'get',
  path: '/login',
  operationId: 'logIn',
  summary: 'Sign in with the link that npm start prints',
  description: 'The link is valid while that start lives.',
  tag,
  isInternal: true,
  access: 'public',
  query: loginQuery,
  answers: { 303: redirect('To the web UI, with or without a session') },
  async run({ context, query, request, response }) {
    const { uiLoginToken } = context.config;
    const isValid = uiLoginToken !== null && isSameSecret(query.token, uiLoginToken.reveal());
    if (isValid) await openSession(context, response, null);
    else countGuess(context, request);
    return { status: 303, location: isValid ? '/' : '/?login=invalid' };
  },
});

export const uiSessionCalls = [signIn, read, signOut, login];
