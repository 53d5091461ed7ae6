import { html } from '../../html.ts';
import type { HttpAnswer } from '../../http-answer.ts';
import { page } from '../../oauth/pages.ts';
import type { AccountRow } from '../rows.ts';
import { isSignInScope, scopeMeaning } from './scopes.ts';

const PROVIDER = 'Microsoft';

interface ConsentPage {
  readonly app: string;
  readonly scopes: readonly string[];
  readonly account: AccountRow;
  readonly action: string;
  /** An administrator consents for everybody. */
  readonly forOrganization?: boolean;
}

/** What the app may do: all of it, or nothing. */
export function consentPage({ app, scopes, account, action, forOrganization = false }: ConsentPage): HttpAnswer {
  const asked = scopes.filter((scope) => !isSignInScope(scope));
  return page(
    PROVIDER,
    200,
    'Permissions requested',
    html`<h1>Permissions requested</h1>
      <p>${account.email}</p>
      <p><strong>${app}</strong> would like to${forOrganization && ', for everybody in the organization'}:</p>
      <ul>
        ${asked.map(
          (scope) =>
            html`<li class="permission">
              ${scopeMeaning(scope)}<small><code>${scope}</code></small>
            </li>`,
        )}
        ${scopes.includes('offline_access') && html`<li class="permission">Keep access to what you have given it access to</li>`}
      </ul>
      <form method="post" action="${action}">
        <input type="hidden" name="step" value="consent" />
        <input type="hidden" name="email" value="${account.email}" />
        <div class="row">
          <button name="decision" value="deny">Cancel</button>
          <button class="main" name="decision" value="allow">Accept</button>
        </div>
      </form>`,
  );
}

/** The person cannot consent. Most close the tab here, and the app never hears of it. */
export function needAdminPage(app: string, account: AccountRow, action: string): HttpAnswer {
  return page(
    PROVIDER,
    200,
    'Need admin approval',
    html`<h1>Need admin approval</h1>
      <p>${account.email}</p>
      <p>
        <strong>${app}</strong> needs permission to access resources in your organization that only an admin can grant.
        Please ask an admin to grant permission to this app before you can use it.
      </p>
      <form method="post" action="${action}">
        <input type="hidden" name="step" value="return" />
        <input type="hidden" name="email" value="${account.email}" />
        <div class="row"><button>Return to the application without granting consent</button></div>
      </form>`,
  );
}

/** The end of the road: Entra keeps the person here instead of sending them back. */
export function errorPage(code: string, message: string): HttpAnswer {
  return page(
    PROVIDER,
    400,
    'Sorry, but we’re having trouble signing you in',
    html`<h1>Sorry, but we’re having trouble signing you in.</h1>
      <p>${message}</p>
      <p><code>${code}</code></p>`,
  );
}
