import type { HttpAnswer } from '../../http-answer.ts';
import { AuthorizationError, redirect, redirectUri } from '../../oauth/authorization.ts';
import { chooserPage } from '../../oauth/pages.ts';
import type { AdminConsentRequest } from '../../provider.ts';
import { SandboxRefusal } from '../../refusal.ts';
import type { AccountRow } from '../rows.ts';
import type { MicrosoftStore } from '../store.ts';
import type { Authority } from './authority.ts';
import { admits } from './authority.ts';
import { errorRedirect, requireAuthority, requiredParameter, shown } from './authorize.ts';
import { entraError } from './answers.ts';
import { consentPage } from './pages.ts';
import { isSignInScope, parseScopes } from './scopes.ts';
import type { Entra, PageRequest } from './sign-in.ts';
import { showingErrors, signIn } from './sign-in.ts';

/** A request for an administrator's consent. https://learn.microsoft.com/entra/identity-platform/v2-admin-consent */
interface AdminRequest {
  readonly authority: Authority;
  readonly redirectUri: string;
  readonly state: string | null;
  readonly scopes: readonly string[];
}

/** @throws AuthorizationError */
function parseAdminRequest({ store, client }: Entra, tenant: string, query: URLSearchParams): AdminRequest {
  const authority = requireAuthority(store, tenant);
  if (authority.kind !== 'tenant' && authority.kind !== 'organizations') {
    throw shown({
      code: 500212,
      text: `An administrator consents at /organizations or a tenant, never at /${authority.kind}.`,
    });
  }
  const required = requiredParameter(query);
  const clientId = required('client_id');
  if (clientId !== client.clientId) throw shown(entraError.clientUnknown(clientId, tenant));
  const scopes = parseScopes(required('scope'));
  return { authority, scopes, redirectUri: required('redirect_uri'), state: query.get('state') };
}

/** GET: which administrator? */
export function answerAdminConsent(entra: Entra, { tenant, query }: PageRequest): HttpAnswer {
  return showingErrors(() => {
    const request = parseAdminRequest(entra, tenant, query);
    const accounts = [...entra.store.tables.read('accounts').values()];
    return chooserPage({
      provider: 'Microsoft',
      title: 'Pick an administrator’s account',
      app: new URL(request.redirectUri).host,
      loginHint: null,
      accounts: accounts
        .filter((account) => admits(request.authority, account))
        .map(({ email, name, oid }) => ({ email, name, id: oid })),
      action: `?${query.toString()}`,
    });
  });
}

/** POST: an account was picked (every account is an administrator here), or the consent given or refused. */
export function answerAdminConsentStep(entra: Entra, { tenant, query, form }: PageRequest): HttpAnswer {
  return showingErrors(() => {
    const request = parseAdminRequest(entra, tenant, query);
    const account = signIn(entra.store, request.authority, form.get('email') ?? '', new Map());
    if (form.get('step') === 'consent') {
      return redirect(decide(entra.store, request, account.tid, form.get('decision') === 'allow'));
    }
    const app = new URL(request.redirectUri).host;
    const scopes = request.scopes;
    return consentPage({ app, scopes, account, action: `?${query.toString()}`, forOrganization: true });
  });
}

/** For a script. @throws SandboxRefusal 400 where an administrator would be stuck */
export function adminConsentTo(entra: Entra, tenant: string, { url, email, decision }: AdminConsentRequest): string {
  try {
    const request = parseAdminRequest(entra, tenant, url.searchParams);
    const tid = tenantOf(entra.store, request.authority, email);
    return decide(entra.store, request, tid, decision === 'allow');
  } catch (error) {
    if (!(error instanceof AuthorizationError)) throw error;
    throw new SandboxRefusal(400, error.code, `Microsoft shows this and redirects nowhere: ${error.message}`);
  }
}

/** The tenant of the path, of the administrator who is named, or of the person who waits since last. */
function tenantOf(store: MicrosoftStore, authority: Authority, email: string | undefined): string {
  if (authority.kind === 'tenant') return authority.tid;
  if (email !== undefined) return signIn(store, authority, email, new Map()).tid;
  const waiting = [...store.tables.read('tenants').values()]
    .filter(({ asked_at }) => asked_at !== null)
    .sort((a, b) => (b.asked_at ?? 0) - (a.asked_at ?? 0));
  const organizations = new Set(workAccounts(store).map(({ tid }) => tid));
  const tid = waiting[0]?.tid ?? (organizations.size === 1 ? [...organizations][0] : undefined);
  if (tid !== undefined) return tid;
  throw new SandboxRefusal(
    400,
    'administrator_unknown',
    'say whose organization consents: {"email": "admin@example.com"}',
  );
}

function workAccounts(store: MicrosoftStore): AccountRow[] {
  return [...store.tables.read('accounts').values()].filter(({ personal }) => !personal);
}

/** `admin_consent=True` comes with a refusal too; no code comes at all. */
function decide(store: MicrosoftStore, request: AdminRequest, tid: string, allowed: boolean): string {
  const both = { admin_consent: 'True', tenant: tid };
  if (!allowed) {
    const text = 'The resource owner or authorization server denied the request.';
    return errorRedirect(store, request, { error: 'consent_required', code: 65004, text }, both);
  }
  const before = store.tables.read('tenants').get(tid)?.admin_scopes ?? [];
  const admin_scopes = [...new Set([...before, ...request.scopes])];
  store.tables.commit([['tenants', tid, { tid, admin_scopes, asked_at: null }]]);
  const granted = request.scopes.filter((scope) => !isSignInScope(scope)).map(fullName);
  return redirectUri(request, { ...both, scope: granted.join(' ') });
}

function fullName(scope: string): string {
  return scope.startsWith('https://') ? scope : `https://graph.microsoft.com/${scope}`;
}
