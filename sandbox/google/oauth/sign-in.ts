import type { Condition } from '../../conditions.ts';
import type { HttpAnswer } from '../../http-answer.ts';
import type { ConsentRequest } from '../../provider.ts';
import { SandboxRefusal } from '../../refusal.ts';
import { accountKey } from '../../account-key.ts';
import { AuthorizationError, redirect, tickedScopes } from '../../oauth/authorization.ts';
import type { RegisteredClient } from '../../oauth/client.ts';
import { chooserPage } from '../../oauth/pages.ts';
import type { AccountRow } from '../rows.ts';
import type { GoogleStore } from '../store.ts';
import type { Authorization } from './authorize.ts';
import { allow, deny, parseAuthorization } from './authorize.ts';
import { consentPage, errorPage } from './pages.ts';
import { findScope } from './scopes.ts';

interface Google {
  readonly store: GoogleStore;
  readonly client: RegisteredClient;
}

type Held = ReadonlyMap<string, Condition>;

/** The faults that show on these pages, besides those of every HTTP request. */
export const SIGN_IN_FAULTS = ['account_disabled', 'admin_consent_required'] as const;

/** GET: choose an account. */
export function answerAuthorize({ store, client }: Google, query: URLSearchParams): HttpAnswer {
  return showingErrors(() => {
    const authorization = parseAuthorization(client, query);
    const accounts = [...store.tables.read('accounts').values()];
    return chooserPage({
      provider: 'Google',
      title: 'Choose an account',
      app: new URL(authorization.redirectUri).host,
      loginHint: authorization.loginHint,
      accounts: accounts.map(({ email, name, sub }) => ({ email, name, id: sub })),
      action: `?${query.toString()}`,
    });
  });
}

/** POST: an account was chosen, or the consent was given or refused. */
export function answerAuthorizeStep(
  google: Google,
  query: URLSearchParams,
  form: URLSearchParams,
  held: Held,
): HttpAnswer {
  return showingErrors(() => {
    const authorization = parseAuthorization(google.client, query);
    const account = signIn(google.store, form.get('email') ?? '', held);
    if (form.get('step') !== 'consent') {
      return consentStands(google.store, authorization, account, query)
        ? redirect(allow(google.store, authorization, account, authorization.scopes))
        : consentPage(authorization, account, `?${query.toString()}`);
    }
    const allowed = form.get('decision') === 'allow';
    return redirect(allowed ? allow(google.store, authorization, account, form.getAll('scope')) : deny(authorization));
  });
}

/**
 * Both steps at once, for a script. @throws SandboxRefusal 400 or 409 where a person would be stuck on Google's page
 */
export function consentTo(
  google: Google,
  { authorizationUrl, email, decision, scopes }: ConsentRequest,
  held: Held,
): string {
  try {
    const authorization = parseAuthorization(google.client, authorizationUrl.searchParams);
    const ticked = tickedScopes(authorization.scopes, scopes, (name) => findScope(authorization.scopes, name));
    const account = signIn(google.store, email, held);
    return decision === 'deny' ? deny(authorization) : allow(google.store, authorization, account, ticked);
  } catch (error) {
    if (!(error instanceof AuthorizationError)) throw error;
    const status = held.size > 0 ? 409 : 400;
    throw new SandboxRefusal(
      status,
      error.code,
      `Google shows this to the person and redirects nowhere: ${error.message}`,
    );
  }
}

function signIn(store: GoogleStore, email: string, held: Held): AccountRow {
  if (!/^[^\s@]+@[^\s@]+$/.test(email)) throw new AuthorizationError('invalid_request', 'Enter an email address.');
  if (held.has('account_disabled')) {
    throw new AuthorizationError('account_disabled', `The account ${email} has been disabled.`);
  }
  if (held.has('admin_consent_required')) {
    const text = 'Access to your account data is restricted by policies within your organization.';
    throw new AuthorizationError('admin_policy_enforced', `${text} Please contact your administrator.`);
  }
  return store.account(email) ?? store.putAccount(email, {});
}

/** Google asks again only for what is new, unless the app wants to be asked for (`prompt=consent`). */
function consentStands(
  store: GoogleStore,
  authorization: Authorization,
  account: AccountRow,
  query: URLSearchParams,
): boolean {
  if ((query.get('prompt') ?? '').split(' ').includes('consent')) return false;
  const granted = store.tables.read('consents').get(accountKey(account.email))?.scopes ?? [];
  return authorization.scopes.every((scope) => granted.includes(scope));
}

function showingErrors(answer: () => HttpAnswer): HttpAnswer {
  try {
    return answer();
  } catch (error) {
    if (error instanceof AuthorizationError) return errorPage(error.code, error.message);
    throw error;
  }
}
