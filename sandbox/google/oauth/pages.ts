import { readFileSync } from 'node:fs';
import { Html, html } from '../../html.ts';
import type { HttpAnswer } from '../../http-answer.ts';
import type { Authorization } from './authorize.ts';
import type { AccountRow } from '../rows.ts';
import { isSignInScope, scopeMeaning } from './scopes.ts';

const STYLE = new Html(readFileSync(new URL('../../sign-in.css', import.meta.url), 'utf8'));

function page(status: number, title: string, content: Html): HttpAnswer {
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · Mooring sandbox</title>
        <link rel="icon" href="data:," />
        <style>
          ${STYLE}
        </style>
      </head>
      <body>
        <main>
          <p class="stage"><b>Google</b> Mooring sandbox, playing Google</p>
          ${content}
        </main>
      </body>
    </html>`;
  return {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
    body: document.markup,
  };
}

/** Which account? `prompt=select_account`; a login_hint puts its account first and overrules nothing. */
export function chooserPage(authorization: Authorization, accounts: readonly AccountRow[], action: string): HttpAnswer {
  const hint = authorization.loginHint?.toLowerCase();
  const isHinted = (account: AccountRow): boolean => account.email.toLowerCase() === hint || account.sub === hint;
  const ordered = [...accounts.filter(isHinted), ...accounts.filter((account) => !isHinted(account))];
  const unknownHint =
    hint !== undefined && hint.includes('@') && !ordered.some(isHinted) ? authorization.loginHint : null;
  return page(
    200,
    'Choose an account',
    html`<h1>Choose an account</h1>
      <p>to continue to <strong>${new URL(authorization.redirectUri).host}</strong></p>
      ${
        ordered.length > 0 &&
        html`<ul>
          ${ordered.map((account) => accountItem(account, action, isHinted(account)))}
        </ul>`
      }
      <form method="post" action="${action}">
        <input type="hidden" name="step" value="account" />
        <label>
          ${ordered.length > 0 ? 'Use another account' : 'Sign in'}
          <input
            type="email"
            name="email"
            required
            placeholder="someone@example.com"
            value="${unknownHint}"
            autocomplete="off"
          />
        </label>
        <small>An account that does not exist yet is created.</small>
        <div class="row"><button class="main">Next</button></div>
      </form>`,
  );
}

function accountItem(account: AccountRow, action: string, hinted: boolean): Html {
  return html`<li>
    <form method="post" action="${action}">
      <input type="hidden" name="step" value="account" />
      <button name="email" value="${account.email}">
        <span class="face" aria-hidden="true">${account.email.slice(0, 1)}</span>
        <span>
          ${account.name ?? account.email} ${account.name !== null && html`<small>${account.email}</small>`}
          ${hinted && html`<small>asked for by the app</small>`}
        </span>
      </button>
    </form>
  </li>`;
}

/** What may the app do? Every scope but those of signing in has a box of its own. */
export function consentPage(authorization: Authorization, account: AccountRow, action: string): HttpAnswer {
  const app = new URL(authorization.redirectUri).host;
  const boxes = authorization.scopes.filter((scope) => !isSignInScope(scope));
  return page(
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
    400,
    'Access blocked',
    html`<h1>Access blocked: authorization error</h1>
      <p>${message}</p>
      <p><code>Error 400: ${code}</code></p>`,
  );
}
