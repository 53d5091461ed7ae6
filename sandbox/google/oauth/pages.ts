import { html } from '../../html.ts';
import type { HttpAnswer } from '../../http-answer.ts';
import { page } from '../../oauth/pages.ts';
import type { AccountRow } from '../rows.ts';
import type { Authorization } from './authorize.ts';
import { isSignInScope, scopeMeaning } from './scopes.ts';

/** What may the app do? Every scope but those of signing in has a box of its own. */
export function consentPage(authorization: Authorization, account: AccountRow, action: string): HttpAnswer {
  const app = new URL(authorization.redirectUri).host;
  const boxes = authorization.scopes.filter((scope) => !isSignInScope(scope));
  return page(
    'Google',
    200,
    'Allow access',
    html`<h1>${app} wants access to your Google Account</h1>
      <p>${account.email}</p>
      <form method="post" action="${action}">
        <input type="hidden" name="step" value="consent" />
        <input type="hidden" name="email" value="${account.email}" />
        <p>It will see your name and email address.${boxes.length > 0 && ' Choose what else it may do:'}</p>
        ${
          boxes.length > 0 &&
          html`<ul>
            ${boxes.map(
              (scope) =>
                html`<li>
                  <label class="box">
                    <input type="checkbox" name="scope" value="${scope}" checked />
                    <span
                      >${scopeMeaning(scope)}<small><code>${scope}</code></small></span
                    >
                  </label>
                </li>`,
            )}
          </ul>`
        }
        <div class="row">
          <button name="decision" value="deny">Cancel</button>
          <button class="main" name="decision" value="allow">Continue</button>
        </div>
      </form>`,
  );
}

/** The end of the road: Google keeps the person here instead of sending them back. */
export function errorPage(code: string, message: string): HttpAnswer {
  return page(
    'Google',
    400,
    'Access blocked',
    html`<h1>Access blocked: authorization error</h1>
      <p>${message}</p>
      <p><code>Error 400: ${code}</code></p>`,
  );
}
