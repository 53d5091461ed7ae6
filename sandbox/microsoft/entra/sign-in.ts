import { accountKey } from '../../account-key.ts';
import type { Condition } from '../../conditions.ts';
import type { HttpAnswer } from '../../http-answer.ts';
import { AuthorizationError, redirect, tickedScopes } from '../../oauth/authorization.ts';
import { chooserPage } from '../../oauth/pages.ts';
import type { ConsentRequest } from '../../provider.ts';
import { SandboxRefusal } from '../../refusal.ts';
import type { AccountRow } from '../rows.ts';
import type { MicrosoftStore } from '../store.ts';
import { entraError } from './answers.ts';
import type { Authority } from './authority.ts';
import { admits } from './authority.ts';
import type { Authorization } from './authorize.ts';
import {
  allow,
  deny,
  errorRedirect,
  parseAuthorization,
  RedirectedError,
  rememberNeed,
  returnWithoutConsent,
  shown,
} from './authorize.ts';
import type { EntraClient } from './client.ts';
import { consentPage, errorPage, needAdminPage } from './pages.ts';
import { findScope, isSignInScope } from './scopes.ts';

export interface Entra {
  readonly store: MicrosoftStore;
  readonly client: EntraClient;
}

type Held = ReadonlyMap<string, Condition>;

/** The faults that show on these pages, besides those of every HTTP request. */
export const SIGN_IN_FAULTS = [
  'account_disabled',
  'admin_consent_required',
  'conditional_access',
  'mfa_required',
] as const;

/** A request to a page: the tenant of its path, its query, and what was posted. */
export interface PageRequest {
  readonly tenant: string;
  readonly query: URLSearchParams;
  readonly form: URLSearchParams;
}

/** GET: pick an account. */
export function answerAuthorize(entra: Entra, { tenant, query }: PageRequest): HttpAnswer {
  return showingErrors(() => {
    const authorization = parseAuthorization(entra, tenant, query);
    if (authorization.prompt === 'none') {
      // No browser is ever signed in here.
      const text = 'Session information is not sufficient for single-sign-on.';
      return redirect(errorRedirect(entra.store, authorization, { error: 'login_required', code: 50058, text }));
    }
    const accounts = [...entra.store.tables.read('accounts').values()];
    return chooserPage({
      provider: 'Microsoft',
      title: 'Pick an account',
      app: new URL(authorization.redirectUri).host,
      loginHint: authorization.loginHint,
      accounts: accounts
        .filter((account) => admits(authorization.authority, account))
        .map(({ email, name, oid }) => ({ email, name, id: oid })),
      action: `?${query.toString()}`,
    });
  });
}

/** POST: an account was picked, the consent given or refused, or the person returns without an administrator's. */
export function answerAuthorizeStep(entra: Entra, { tenant, query, form }: PageRequest, held: Held): HttpAnswer {
  const { store } = entra;
  return showingErrors(() => {
    const authorization = parseAuthorization(entra, tenant, query);
    const account = signIn(store, authorization.authority, form.get('email') ?? '', held);
    const given = { scopes: authorization.scopes, mfa: held.has('mfa_required') };
    const app = new URL(authorization.redirectUri).host;
    const action = `?${query.toString()}`;
    const step = form.get('step');
    if (step === 'return') return redirect(returnWithoutConsent(store, authorization, account));
    if (needsAdmin(store, authorization, account, held)) {
      rememberNeed(store, account);
      return needAdminPage(app, account, action);
    }
    if (step !== 'consent') {
      return consentStands(store, authorization, account)
        ? redirect(allow(store, authorization, account, given))
        : consentPage({ app, scopes: authorization.scopes, account, action });
    }
    const allowed = form.get('decision') === 'allow';
    return redirect(allowed ? allow(store, authorization, account, given) : deny(store, authorization, account));
  });
}

/**
 * All steps at once, for a script; a second factor is presented where one is asked for.
 * @throws SandboxRefusal 400 or 409 where a person would be stuck on Microsoft's page
 */
export function consentTo(
  entra: Entra,
  tenant: string,
  { authorizationUrl, email, decision, scopes: names }: ConsentRequest,
  held: Held,
): string {
  const { store } = entra;
  try {
    const authorization = parseAuthorization(entra, tenant, authorizationUrl.searchParams);
    const ticked = tickedScopes(authorization.scopes, names, (name) => findScope(authorization.scopes, name));
    const account = signIn(store, authorization.authority, email, held);
    if (decision === 'needs_admin') return returnWithoutConsent(store, authorization, account);
    if (decision === 'deny') return deny(store, authorization, account);
    if (needsAdmin(store, authorization, account, held)) {
      rememberNeed(store, account);
      throw shown(entraError.needsAdmin());
    }
    const scopes = authorization.scopes.filter((scope) => isSignInScope(scope) || ticked.includes(scope));
    return allow(store, authorization, account, { scopes, mfa: held.has('mfa_required') });
  } catch (error) {
    if (error instanceof RedirectedError) return error.location;
    if (!(error instanceof AuthorizationError)) throw error;
    const text = `Microsoft shows this to the person and redirects nowhere: ${error.message}`;
    throw new SandboxRefusal(held.size > 0 ? 409 : 400, error.code, text);
  }
}

/** @throws AuthorizationError */
export function signIn(store: MicrosoftStore, authority: Authority, email: string, held: Held): AccountRow {
  if (!/^[^\s@]+@[^\s@]+$/.test(email)) throw shown({ code: 50034, text: 'Enter a valid email address.' });
  if (held.has('account_disabled')) throw shown(entraError.disabled());
  if (held.has('conditional_access')) throw shown(entraError.blocked(''));
  const account = store.account(email) ?? store.putAccount(email, detailsAt(authority));
  if (admits(authority, account)) return account;
  const guest = authority.kind === 'tenant' ? store.guestAt(account, authority.tid) : undefined;
  if (guest) return guest;
  const where = authority.kind === 'tenant' ? `tenant '${authority.tid}'` : `/${authority.kind}`;
  const provider = account.personal ? 'live.com' : `https://sts.windows.net/${account.tid}/`;
  throw shown({
    code: account.personal || authority.kind === 'consumers' ? 50020 : 90072,
    text: `User account '${account.email}' from identity provider '${provider}' does not exist in ${where} and cannot access the application in that tenant. The account needs to be added as an external user in the tenant first. Sign out and sign in again with a different account.`,
  });
}

/** What an account that is made by signing in is. */
function detailsAt(authority: Authority): { personal?: boolean; tenant?: string } {
  if (authority.kind === 'consumers') return { personal: true };
  return authority.kind === 'tenant' ? { tenant: authority.tid } : {};
}

/** The organization lets administrators alone consent, and none has for these scopes. */
function needsAdmin(store: MicrosoftStore, { scopes }: Authorization, account: AccountRow, held: Held): boolean {
  return held.has('admin_consent_required') && !account.personal && !adminConsented(store, account.tid, scopes);
}

export function adminConsented(store: MicrosoftStore, tid: string, scopes: readonly string[]): boolean {
  const consented = store.tables.read('tenants').get(tid)?.admin_scopes ?? [];
  return scopes.every((scope) => isSignInScope(scope) || consented.includes(scope));
}

/** Entra asks again only for what is new, unless the app wants to be asked for (`prompt=consent`). */
function consentStands(store: MicrosoftStore, { scopes, prompt }: Authorization, account: AccountRow): boolean {
  if (prompt === 'consent') return false;
  const granted = store.tables.read('consents').get(accountKey(account.email))?.scopes ?? [];
  return scopes.every((scope) => granted.includes(scope)) || adminConsented(store, account.tid, scopes);
}

export function showingErrors(answer: () => HttpAnswer): HttpAnswer {
  try {
    return answer();
  } catch (error) {
    if (error instanceof RedirectedError) return redirect(error.location);
    if (error instanceof AuthorizationError) return errorPage(error.code, error.message);
    throw error;
  }
}
