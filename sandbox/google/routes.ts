import type { Request, RequestHandler } from 'express';
import { Router } from 'express';
import type { HttpAnswer } from '../http-answer.ts';
import { DEFAULT_RETRY_AFTER_S, TRANSPORT_FAULTS } from '../http-answer.ts';
import type { HttpEndpoint } from '../http-endpoint.ts';
import { bodyOf, endpointHandlers, formOf, queryOf } from '../http-endpoint.ts';
import { bearerToken } from '../oauth/client-authentication.ts';
import type { RegisteredClient } from '../oauth/client.ts';
import { detailsOfTokenRequest, ownerOfToken } from '../oauth/tokens.ts';
import { gmailTransport, json, oauthTransport } from './answers.ts';
import { answerBatch } from './batch.ts';
import type { GmailRequest } from './gmail.ts';
import { answerGmail, GMAIL_FAULTS, isWatch, ownerOfGmailRequest } from './gmail.ts';
import { isListing, LISTING_FAULTS } from './listing-faults.ts';
import { answerUserinfo } from './oauth/identity.ts';
import { answerAuthorize, answerAuthorizeStep, SIGN_IN_FAULTS } from './oauth/sign-in.ts';
import type { GoogleStore } from './store.ts';
import { answerRevoke, answerToken } from './oauth/token.ts';

const TOKEN_FAULTS = [...TRANSPORT_FAULTS, 'app_credentials_invalid', 'account_disabled', 'admin_consent_required'];
/** Of a Gmail call, whether it comes alone or in a batch. */
const CALL_FAULTS = [...GMAIL_FAULTS.filter((fault) => fault !== 'subscription_refused'), 'rate_limited'];
const BATCH_FAULTS = TRANSPORT_FAULTS.filter((fault) => fault !== 'rate_limited');

interface Google {
  readonly store: GoogleStore;
  readonly client: RegisteredClient;
}

/** Google's addresses, on paths of the sandbox's first port. */
export function googleRoutes(google: Google, risc: Router): Router {
  const { store } = google;
  const router = Router();
  const at = (endpoint: HttpEndpoint): RequestHandler[] => endpointHandlers(store.deps, 'google', endpoint);
  router.get('/google/o/oauth2/v2/auth', ...at(authorizePage(google)));
  router.post('/google/o/oauth2/v2/auth', ...at(authorizeStep(google)));
  router.post('/google/token', ...at(tokenEndpoint(google)));
  router.post('/google/revoke', ...at(revokeEndpoint(store)));
  router.get('/google/userinfo', ...at(userinfoEndpoint(store)));
  router.get('/google/oauth2/v3/certs', (_request, response) => {
    const { status, headers, body } = json(200, google.client.certificates);
    response.writeHead(status, { ...headers }).end(body);
  });
  router.post(['/batch', '/batch/gmail/v1'], ...at(batchEndpoint(store)));
  router.use(risc);
  router.all('/gmail/v1/users/*path', ...at(gmailEndpoint(store)));
  router.post('/upload/gmail/v1/users/:id/messages/send', ...at(gmailEndpoint(store)));
  return router;
}

function authorizePage(google: Google): HttpEndpoint {
  return {
    kind: 'authorize',
    transport: oauthTransport,
    details: (request) => ({ email: queryOf(request).get('login_hint') }),
    faults: () => TRANSPORT_FAULTS,
    answer: (request) => answerAuthorize(google, queryOf(request)),
  };
}

function authorizeStep(google: Google): HttpEndpoint {
  return {
    kind: 'authorize',
    transport: oauthTransport,
    details: (request) => ({ email: formOf(request).get('email') }),
    faults: () => [...TRANSPORT_FAULTS, ...SIGN_IN_FAULTS],
    answer: (request, held) => answerAuthorizeStep(google, queryOf(request), formOf(request), held),
  };
}

function tokenEndpoint(google: Google): HttpEndpoint {
  const { store } = google;
  return {
    kind: 'token',
    transport: oauthTransport,
    details: (request) => detailsOfTokenRequest(store, formOf(request)),
    faults: () => TOKEN_FAULTS,
    answer: (request, held) =>
      answerToken(google, { body: formOf(request), authorization: request.headers.authorization }, held),
  };
}

function revokeEndpoint(store: GoogleStore): HttpEndpoint {
  return {
    kind: 'revoke',
    transport: oauthTransport,
    details: (request) => ({ email: ownerOfToken(store, revokedToken(request) ?? '') }),
    faults: () => TRANSPORT_FAULTS,
    answer: (request) => answerRevoke(store, revokedToken(request)),
  };
}

function revokedToken(request: Request): string | null {
  return formOf(request).get('token') ?? queryOf(request).get('token');
}

function userinfoEndpoint(store: GoogleStore): HttpEndpoint {
  return {
    kind: 'api',
    transport: oauthTransport,
    details: (request) => ({ email: ownerOfToken(store, bearerToken(request.headers.authorization) ?? '') }),
    faults: () => TRANSPORT_FAULTS,
    answer: (request) => answerUserinfo(store, bearerToken(request.headers.authorization)),
  };
}

function gmailEndpoint(store: GoogleStore): HttpEndpoint {
  return {
    kind: 'api',
    transport: gmailTransport(store.deps.clock),
    details: (request) => ({ email: ownerOfGmailRequest(store, gmailRequest(request)) }),
    message: (request) => /\/messages\/(\w+)$/.exec(request.path)?.[1] ?? null,
    faults: (request) => [...TRANSPORT_FAULTS, ...gmailFaults(gmailRequest(request))],
    answer: (request, held) => answerGmail(store, gmailRequest(request), held),
  };
}

function gmailFaults(request: GmailRequest): readonly string[] {
  if (isWatch(request)) return GMAIL_FAULTS;
  return isListing(request) ? [...CALL_FAULTS, ...LISTING_FAULTS] : CALL_FAULTS;
}

/** A batch is one request on the wire; its calls are limited and refused one by one. */
function batchEndpoint(store: GoogleStore): HttpEndpoint {
  const transport = gmailTransport(store.deps.clock);
  const { conditions } = store.deps;
  const call = (request: GmailRequest): HttpAnswer => {
    const of = { provider: 'google', kind: 'api' as const, email: ownerOfGmailRequest(store, request) };
    const held = conditions.take(of, CALL_FAULTS);
    const limited = held.get('rate_limited');
    return limited
      ? transport.rateLimited(limited.retry_after_s ?? DEFAULT_RETRY_AFTER_S)
      : answerGmail(store, request, held);
  };
  return {
    kind: 'api',
    transport,
    details: (request) => ({ email: ownerOfGmailRequest(store, gmailRequest(request)) }),
    faults: () => BATCH_FAULTS,
    answer: (request) =>
      answerBatch(
        {
          contentType: request.headers['content-type'] ?? '',
          body: bodyOf(request),
          authorization: request.headers.authorization,
        },
        call,
      ),
  };
}

function gmailRequest(request: Request): GmailRequest {
  return {
    method: request.method,
    path: request.path.replace(/^\/upload(?=\/)/, ''),
    query: queryOf(request),
    authorization: request.headers.authorization,
    body: bodyOf(request),
  };
}
