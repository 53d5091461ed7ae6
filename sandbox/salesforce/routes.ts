import type { Request, RequestHandler } from 'express';
import { Router } from 'express';
import { TRANSPORT_FAULTS } from '../http-answer.ts';
import type { HttpEndpoint } from '../http-endpoint.ts';
import { bodyOf, endpointHandlers, formOf, queryOf } from '../http-endpoint.ts';
import { bearerToken } from '../oauth/client-authentication.ts';
import { detailsOfTokenRequest, ownerOfToken } from '../oauth/tokens.ts';
import { oauthTransport, restTransport } from './answers.ts';
import { answerIdentity } from './oauth/identity.ts';
import type { PageRequest, Salesforce } from './oauth/sign-in.ts';
import { answerAuthorize, answerAuthorizeStep, SIGN_IN_FAULTS } from './oauth/sign-in.ts';
import type { TokenRequest } from './oauth/token.ts';
import { answerIntrospection, answerRevocation, answerToken } from './oauth/token.ts';
import type { Call } from './rest/api.ts';
import { answerRest, REST_FAULTS } from './rest/api.ts';
import type { Locators } from './rest/locators.ts';

const TOKEN_FAULTS = [
  ...TRANSPORT_FAULTS,
  'app_credentials_invalid',
  'account_disabled',
  'admin_consent_required',
  'conditional_access',
];
/** A code is exchanged by a person who has just been let in. */
const EXCHANGE_FAULTS = [...TRANSPORT_FAULTS, 'app_credentials_invalid', 'account_disabled'];

/** Salesforce's addresses below its base: each host has its own part, `/salesforce/login`, `/salesforce/na1`. */
export function salesforceRoutes(salesforce: Salesforce, locators: Locators): Router {
  const { store } = salesforce;
  const router = Router();
  const root = `${new URL(salesforce.base).pathname}/:host`;
  const at = (endpoint: HttpEndpoint): RequestHandler[] => endpointHandlers(store.deps, 'salesforce', endpoint);
  router.get(`${root}/services/oauth2/authorize`, ...at(authorizePage(salesforce)));
  router.post(`${root}/services/oauth2/authorize`, ...at(authorizeStep(salesforce)));
  router.post(`${root}/services/oauth2/token`, ...at(tokenEndpoint(salesforce)));
  router.post(`${root}/services/oauth2/introspect`, ...at(introspectEndpoint(salesforce)));
  router.all(`${root}/services/oauth2/revoke`, ...at(revokeEndpoint(salesforce)));
  router.all(`${root}/services/oauth2/userinfo`, ...at(identityEndpoint(salesforce, () => undefined)));
  router.get(
    `${root}/id/:org/:user`,
    ...at(identityEndpoint(salesforce, ({ params }) => `/id/${String(params['org'])}/${String(params['user'])}`)),
  );
  router.all([`${root}/services/data`, `${root}/services/data/*path`], ...at(restEndpoint(salesforce, locators)));
  return router;
}

const hostOf = (request: Request): string => String(request.params['host']);

const pageOf = (request: Request): PageRequest => ({
  host: hostOf(request),
  query: queryOf(request),
  form: formOf(request),
});

function authorizePage(salesforce: Salesforce): HttpEndpoint {
  return {
    kind: 'authorize',
    transport: oauthTransport,
    details: (request) => ({ email: queryOf(request).get('login_hint') }),
    faults: () => TRANSPORT_FAULTS,
    answer: (request) => answerAuthorize(salesforce, pageOf(request)),
  };
}

function authorizeStep(salesforce: Salesforce): HttpEndpoint {
  return {
    ...authorizePage(salesforce),
    details: (request) => ({ email: formOf(request).get('email') }),
    faults: () => [...TRANSPORT_FAULTS, ...SIGN_IN_FAULTS],
    answer: (request, held) => answerAuthorizeStep(salesforce, pageOf(request), held),
  };
}

const tokenRequest = (request: Request): TokenRequest => ({
  host: hostOf(request),
  body: formOf(request),
  authorization: request.headers.authorization,
});

function tokenEndpoint(salesforce: Salesforce): HttpEndpoint {
  const { store } = salesforce;
  return {
    kind: 'token',
    transport: oauthTransport,
    details: (request) => detailsOfTokenRequest(store, formOf(request)),
    faults: (request) => (formOf(request).get('grant_type') === 'refresh_token' ? TOKEN_FAULTS : EXCHANGE_FAULTS),
    answer: (request, held) => answerToken(salesforce, tokenRequest(request), held),
  };
}

/** Logged as a call: it changes no token. */
function introspectEndpoint(salesforce: Salesforce): HttpEndpoint {
  return {
    kind: 'api',
    transport: oauthTransport,
    details: (request) => ({ email: ownerOfToken(salesforce.store, formOf(request).get('token') ?? '') }),
    faults: () => TRANSPORT_FAULTS,
    answer: (request) => answerIntrospection(salesforce, tokenRequest(request)),
  };
}

const revokedToken = (request: Request): string | null => formOf(request).get('token') ?? queryOf(request).get('token');

function revokeEndpoint(salesforce: Salesforce): HttpEndpoint {
  return {
    kind: 'revoke',
    transport: oauthTransport,
    details: (request) => ({ email: ownerOfToken(salesforce.store, revokedToken(request) ?? '') }),
    faults: () => TRANSPORT_FAULTS,
    answer: (request) => answerRevocation(salesforce, revokedToken(request)),
  };
}

function identityEndpoint(salesforce: Salesforce, path: (request: Request) => string | undefined): HttpEndpoint {
  return {
    kind: 'api',
    transport: restTransport,
    details: (request) => ({ email: ownerOf(salesforce, request) }),
    faults: () => TRANSPORT_FAULTS,
    answer: (request) => answerIdentity(salesforce, request.headers.authorization, path(request)),
  };
}

function restEndpoint({ store, base }: Salesforce, locators: Locators): HttpEndpoint {
  const root = new URL(base).pathname;
  return {
    kind: 'api',
    transport: restTransport,
    details: (request) => ({ email: ownerOf({ store }, request) }),
    message: (request) => /\/sobjects\/\w+\/(\w{15,18})(?:\/\w+)?$/.exec(request.path)?.[1] ?? null,
    faults: () => [...TRANSPORT_FAULTS, ...REST_FAULTS],
    answer: (request, held) => {
      const call: Call = {
        instance: hostOf(request),
        address: request.path.slice(`${root}/${hostOf(request)}/services/data`.length),
        authorization: request.headers.authorization,
        method: request.method,
        query: queryOf(request),
        body: bodyOf(request),
        options: String(request.headers['sforce-query-options'] ?? ''),
      };
      return answerRest({ store, locators }, call, held);
    },
  };
}

const ownerOf = ({ store }: Pick<Salesforce, 'store'>, request: Request): string | null =>
  ownerOfToken(store, bearerToken(request.headers.authorization) ?? '');
