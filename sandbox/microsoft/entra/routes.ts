import type { Request, RequestHandler } from 'express';
import { Router } from 'express';
import { TRANSPORT_FAULTS } from '../../http-answer.ts';
import type { HttpEndpoint } from '../../http-endpoint.ts';
import { endpointHandlers, formOf, queryOf } from '../../http-endpoint.ts';
import { detailsOfTokenRequest } from '../../oauth/tokens.ts';
import type { MicrosoftRefreshTokenRow } from '../rows.ts';
import type { MicrosoftStore } from '../store.ts';
import { answerAdminConsent, answerAdminConsentStep } from './admin-consent.ts';
import { answerError, entraError, entraTransport, json } from './answers.ts';
import { parseAuthority } from './authority.ts';
import { openidConfiguration } from './identity.ts';
import type { Entra, PageRequest } from './sign-in.ts';
import { answerAuthorize, answerAuthorizeStep, SIGN_IN_FAULTS } from './sign-in.ts';
import { answerToken } from './token.ts';

const TOKEN_FAULTS = [...TRANSPORT_FAULTS, 'app_credentials_invalid', 'account_disabled'];
const REFRESH_FAULTS = [...TOKEN_FAULTS, 'admin_consent_required', 'conditional_access'];

/** Entra's addresses below `base`, which stands in the place of `https://login.microsoftonline.com`. */
export function entraRoutes(entra: Entra, base: string): Router {
  const { store } = entra;
  const router = Router();
  const at = (endpoint: HttpEndpoint): RequestHandler[] => endpointHandlers(store.deps, 'microsoft', endpoint);
  const root = new URL(base).pathname;
  router.get(
    `${root}/:tenant/oauth2/v2.0/authorize`,
    ...at(pageEndpoint(store, (page) => answerAuthorize(entra, page))),
  );
  router.post(`${root}/:tenant/oauth2/v2.0/authorize`, ...at(authorizeStep(entra)));
  router.get(
    `${root}/:tenant/v2.0/adminconsent`,
    ...at(pageEndpoint(store, (page) => answerAdminConsent(entra, page))),
  );
  router.post(
    `${root}/:tenant/v2.0/adminconsent`,
    ...at(pageEndpoint(store, (page) => answerAdminConsentStep(entra, page))),
  );
  router.post(`${root}/:tenant/oauth2/v2.0/token`, ...at(tokenEndpoint(entra, base)));
  router.get(`${root}/:tenant/v2.0/.well-known/openid-configuration`, (request, response) => {
    const authority = parseAuthority(store, tenantOf(request));
    const answer = authority
      ? openidConfiguration(base, authority)
      : answerError(entraError.tenantUnknown(tenantOf(request)), store.deps.clock);
    response.writeHead(answer.status, { ...answer.headers }).end(answer.body);
  });
  router.get(`${root}/:tenant/discovery/v2.0/keys`, (_request, response) => {
    const { status, headers, body } = json(200, entra.client.certificates);
    response.writeHead(status, { ...headers }).end(body);
  });
  return router;
}

function tenantOf(request: Request): string {
  return String(request.params['tenant']);
}

function pageOf(request: Request): PageRequest {
  return { tenant: tenantOf(request), query: queryOf(request), form: formOf(request) };
}

function pageEndpoint(
  store: MicrosoftStore,
  answer: (page: PageRequest) => ReturnType<HttpEndpoint['answer']>,
): HttpEndpoint {
  return {
    kind: 'authorize',
    transport: entraTransport(store.deps.clock),
    details: (request) => ({ email: formOf(request).get('email') ?? queryOf(request).get('login_hint') }),
    faults: () => TRANSPORT_FAULTS,
    answer: (request) => answer(pageOf(request)),
  };
}

function authorizeStep(entra: Entra): HttpEndpoint {
  return {
    ...pageEndpoint(entra.store, () => ({ status: 500, headers: {}, body: '' })),
    faults: () => [...TRANSPORT_FAULTS, ...SIGN_IN_FAULTS],
    answer: (request, held) => answerAuthorizeStep(entra, pageOf(request), held),
  };
}

function tokenEndpoint(entra: Entra, base: string): HttpEndpoint {
  const { store, client } = entra;
  const address = { base, clientId: client.clientId };
  return {
    kind: 'token',
    transport: entraTransport(store.deps.clock),
    details: (request) => detailsOfTokenRequest(store, formOf(request)),
    faults: (request) => tokenFaults(store, formOf(request)),
    answer: (request, held) =>
      answerToken(
        entra,
        address,
        { tenant: tenantOf(request), body: formOf(request), authorization: request.headers.authorization },
        held,
      ),
  };
}

/** Policies are met at the sign-in, so an exchange has met them; a second factor counts for its whole grant. */
function tokenFaults(store: MicrosoftStore, form: URLSearchParams): readonly string[] {
  if (form.get('grant_type') !== 'refresh_token') return TOKEN_FAULTS;
  const row: MicrosoftRefreshTokenRow | undefined = store.tables
    .read('refresh_tokens')
    .get(form.get('refresh_token') ?? '');
  return row?.mfa ? REFRESH_FAULTS : [...REFRESH_FAULTS, 'mfa_required'];
}
