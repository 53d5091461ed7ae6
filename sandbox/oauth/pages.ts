import { readFileSync } from 'node:fs';
import { Html, html } from '../html.ts';
import type { HttpAnswer } from '../http-answer.ts';

const STYLE = new Html(readFileSync(new URL('../sign-in.css', import.meta.url), 'utf8'));

/** A page of a provider, with what the sandbox plays on top of it. */
export function page(provider: string, status: number, title: string, content: Html): HttpAnswer {
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
          <p class="stage"><b>${provider}</b> Mooring sandbox, playing ${provider}</p>
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

interface Chooser {
  readonly provider: string;
  readonly title: string;
  /** The app's host. */
  readonly app: string;
  readonly loginHint: string | null;
  readonly accounts: readonly ChoosableAccount[];
  /** Where the choice is posted. */
  readonly action: string;
}

interface ChoosableAccount {
  readonly email: string;
  readonly name: string | null;
  /** The provider's own id, which a hint may name too. */
  readonly id: string;
}

/** Which account? `prompt=select_account`; a login_hint puts its account first and overrules nothing. */
export function chooserPage({ provider, title, app, loginHint, accounts, action }: Chooser): HttpAnswer {
  const hint = loginHint?.toLowerCase();
  const isHinted = (account: ChoosableAccount): boolean => account.email.toLowerCase() === hint || account.id === hint;
  const ordered = [...accounts.filter(isHinted), ...accounts.filter((account) => !isHinted(account))];
  const unknownHint = hint !== undefined && hint.includes('@') && !ordered.some(isHinted) ? loginHint : null;
  return page(
    provider,
    200,
    title,
    html`<h1>${title}</h1>
      <p>to continue to <strong>${app}</strong></p>
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

function accountItem(account: ChoosableAccount, action: string, hinted: boolean): Html {
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
