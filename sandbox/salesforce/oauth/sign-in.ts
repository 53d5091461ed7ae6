import { randomBytes } from 'node:crypto';
import { accountKey } from '../../account-key.ts';
import type { Condition } from '../../conditions.ts';
import { html } from '../../html.ts';
import type { HttpAnswer } from '../../http-answer.ts';
import { AuthorizationError, CODE_LIFE_MS, redirect, redirectUri, tickedScopes } from '../../oauth/authorization.ts';
import type { RegisteredClient } from '../../oauth/client.ts';
import { chooserPage, page } from '../../oauth/pages.ts';
import type { ConsentRequest } from '../../provider.ts';
import { SandboxRefusal } from '../../refusal.ts';
import type { AccountRow } from '../rows.ts';
import type { SalesforceStore } from '../store.ts';
import { admits, instanceAt } from './hosts.ts';

export interface Salesforce {
  readonly store: SalesforceStore;
  readonly client: RegisteredClient;
  /** What stands in the place of `https://`: the hosts are named below it. */
  readonly base: string;
}

type Held = ReadonlyMap<string, Condition>;

/** The faults that show on these pages, besides those of every HTTP request. */
export const SIGN_IN_FAULTS = ['account_disabled', 'admin_consent_required'] as const;

/** A request to a page: the host that it is at, its query, and what was posted. */
export interface PageRequest {
  readonly host: string;
  readonly query: URLSearchParams;
  readonly form: URLSearchParams;
}

interface Authorization {
  readonly redirectUri: string;
  readonly state: string | null;
  readonly scopes: readonly string[];
  readonly codeChallenge: string;
  readonly loginHint: string | null;
  readonly asks: boolean;
}

const SCOPES = ['api', 'refresh_token', 'offline_access', 'id', 'openid', 'profile', 'email', 'web', 'full'];
const MEANINGS: Readonly<Record<string, string>> = {
  api: 'Manage user data via APIs',
  refresh_token: 'Perform requests at any time',
  offline_access: 'Perform requests at any time',
  full: 'Full access',
  web: 'Manage user data via Web browsers',
};

/** @throws AuthorizationError for what Salesforce shows on a page of its own */
function parseAuthorization(client: RegisteredClient, query: URLSearchParams): Authorization {
  const required = (name: string): string => {
    const value = query.get(name);
    if (value) return value;
    throw new AuthorizationError('invalid_request', `missing required parameter: ${name}`);
  };
  if (required('client_id') !== client.clientId)
    throw new AuthorizationError('invalid_client_id', 'client identifier invalid');
  const uri = required('redirect_uri');
  if (!/^https?:\/\/[^#]+$/.test(uri) || !URL.canParse(uri)) {
    throw new AuthorizationError('redirect_uri_mismatch', 'redirect_uri must match configuration');
  }
  if (required('response_type') !== 'code') {
    throw new AuthorizationError('unsupported_response_type', 'response type not supported');
  }
  const scopes = (query.get('scope') ?? 'api refresh_token').split(/[\s,]+/).filter(Boolean);
  const unknown = scopes.find((scope) => !SCOPES.includes(scope));
  if (unknown !== undefined) throw new AuthorizationError('invalid_scope', 'the requested scope is not allowed');
  const codeChallenge = query.get('code_challenge') ?? '';
  // Salesforce knows S256 alone: jsforce names no method.
  if ((query.get('code_challenge_method') ?? 'S256') !== 'S256' || !/^[\w-]{43}$/.test(codeChallenge)) {
    throw new AuthorizationError('invalid_request', 'missing required code challenge');
  }
  const asks = /\bconsent\b/.test(query.get('prompt') ?? '');
  return {
    redirectUri: uri,
    state: query.get('state'),
    scopes,
    codeChallenge,
    loginHint: query.get('login_hint'),
    asks,
  };
}

/** GET: choose a user. */
export function answerAuthorize({ store, client }: Salesforce, { host, query }: PageRequest): HttpAnswer {
  return showingErrors(() => {
    const authorization = parseAuthorization(client, query);
    return chooserPage({
      provider: 'Salesforce',
      title: 'Log in to Salesforce',
      app: new URL(authorization.redirectUri).host,
      loginHint: authorization.loginHint,
      accounts: store
        .accounts()
        .filter((account) => admits(host, account))
        .map(({ email, name, user_id }) => ({ email, name, id: user_id })),
      action: `?${query.toString()}`,
    });
  });
}

/** POST: a user was chosen, or the access was allowed or denied. */
export function answerAuthorizeStep(
  salesforce: Salesforce,
  { host, query, form }: PageRequest,
  held: Held,
): HttpAnswer {
  const { store, client } = salesforce;
  return showingErrors(() => {
    const authorization = parseAuthorization(client, query);
    const account = signIn(store, host, form.get('email') ?? '', held);
    if (held.has('admin_consent_required')) return redirect(blocked(authorization));
    if (form.get('step') !== 'consent') {
      return consentStands(store, authorization, account)
        ? redirect(allow(store, authorization, account, authorization.scopes))
        : consentPage(authorization, account, `?${query.toString()}`);
    }
    const allowed = form.get('decision') === 'allow';
    return redirect(allowed ? allow(store, authorization, account, authorization.scopes) : deny(authorization));
  });
}

/** Both steps at once, for a script. @throws SandboxRefusal 400 or 409 where a person would be stuck on the page */
export function consentTo(
  { store, client }: Salesforce,
  host: string,
  { authorizationUrl, email, decision, scopes: names }: ConsentRequest,
  held: Held,
): string {
  try {
    const authorization = parseAuthorization(client, authorizationUrl.searchParams);
    const asked = authorization.scopes;
    const scopes = tickedScopes(asked, names, (name) => asked.find((scope) => scope === name));
    const account = signIn(store, host, email, held);
    if (held.has('admin_consent_required')) return blocked(authorization);
    return decision === 'deny' ? deny(authorization) : allow(store, authorization, account, scopes);
  } catch (error) {
    if (!(error instanceof AuthorizationError)) throw error;
    const text = `Salesforce shows this to the person and redirects nowhere: ${error.message}`;
    throw new SandboxRefusal(held.size > 0 ? 409 : 400, error.code, text);
  }
}

function signIn(store: SalesforceStore, host: string, email: string, held: Held): AccountRow {
  if (!/^[^\s@]+@[^\s@]+$/.test(email)) throw new AuthorizationError('invalid_login', 'Enter your username.');
  if (held.has('account_disabled')) {
    throw new AuthorizationError('inactive_user', 'Your access has been disabled by your system administrator.');
  }
  const account = store.account(email) ?? store.putAccount(email, { instance: instanceAt(host) });
  if (admits(host, account)) return account;
  const text =
    'Please check your username and password. If you still can’t log in, contact your Salesforce administrator.';
  throw new AuthorizationError('invalid_login', text);
}

const deny = (authorization: Authorization): string =>
  redirectUri(authorization, { error: 'access_denied', error_description: 'end-user denied authorization' });

/** The app is not installed, or shut out, in this organization. */
const blocked = (authorization: Authorization): string =>
  redirectUri(authorization, { error: 'OAUTH_APP_BLOCKED', error_description: 'this app is blocked by admin' });

function allow(
  store: SalesforceStore,
  authorization: Authorization,
  account: AccountRow,
  scopes: readonly string[],
): string {
  const key = accountKey(account.email);
  const before = store.tables.read('consents').get(key)?.scopes ?? [];
  const code = `aPrx${randomBytes(45).toString('base64url')}==`;
  const row = {
    email: key,
    redirect_uri: authorization.redirectUri,
    code_challenge: authorization.codeChallenge,
    scopes,
    nonce: null,
    offline: scopes.includes('refresh_token') || scopes.includes('offline_access'),
    expires_at: store.now() + CODE_LIFE_MS,
    used: false,
  };
  store.tables.commit([
    ['codes', code, row],
    ['consents', key, { email: key, scopes: [...new Set([...before, ...scopes])] }],
  ]);
  return redirectUri(authorization, { code });
}

/** Salesforce asks again only for what is new, unless the app wants to be asked for (`prompt=consent`). */
function consentStands(store: SalesforceStore, { scopes, asks }: Authorization, account: AccountRow): boolean {
  if (asks) return false;
  const granted = store.tables.read('consents').get(accountKey(account.email))?.scopes ?? [];
  return scopes.every((scope) => granted.includes(scope));
}

/** A person allows all scopes or none. */
function consentPage({ redirectUri: uri, scopes }: Authorization, account: AccountRow, action: string): HttpAnswer {
  return page(
    'Salesforce',
    200,
    'Allow Access?',
    html`<h1>Allow Access?</h1>
      <p>${account.email}</p>
      <p><strong>${new URL(uri).host}</strong> is asking to:</p>
      <ul>
        ${scopes.map(
          (scope) =>
            html`<li class="permission">
              ${MEANINGS[scope] ?? 'Access the identity URL service'}<small><code>${scope}</code></small>
            </li>`,
        )}
      </ul>
      <form method="post" action="${action}">
        <input type="hidden" name="step" value="consent" />
        <input type="hidden" name="email" value="${account.email}" />
        <div class="row">
          <button name="decision" value="deny">Deny</button>
          <button class="main" name="decision" value="allow">Allow</button>
        </div>
      </form>`,
  );
}

function showingErrors(answer: () => HttpAnswer): HttpAnswer {
  try {
    return answer();
  } catch (error) {
    if (!(error instanceof AuthorizationError)) throw error;
    const content = html`<h1>OAuth Error</h1>
      <p>${error.message}</p>
      <p><code>error=${error.code}</code></p>`;
    return page('Salesforce', 400, 'OAuth Error', content);
  }
}
