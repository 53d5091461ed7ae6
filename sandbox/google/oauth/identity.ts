import type { HttpAnswer } from '../../http-answer.ts';
import { accessToken } from '../../oauth/tokens.ts';
import { json, userinfoUnauthorized } from '../answers.ts';
import type { AccountRow } from '../rows.ts';
import type { GoogleStore } from '../store.ts';

const EMAIL = 'https://www.googleapis.com/auth/userinfo.email';
const PROFILE = 'https://www.googleapis.com/auth/userinfo.profile';

/** What an id token and the userinfo endpoint say about a person to one who holds these scopes. */
export function identityClaims(account: AccountRow, scopes: readonly string[]): Record<string, unknown> {
  const name = account.name ?? account.email.slice(0, account.email.indexOf('@'));
  return {
    sub: account.sub,
    ...(account.tenant === null ? {} : { hd: account.tenant }),
    ...(scopes.includes(EMAIL) ? { email: account.email, email_verified: true } : {}),
    ...(scopes.includes(PROFILE) ? { name, given_name: name.split(' ')[0] } : {}),
  };
}

/** https://openidconnect.googleapis.com/v1/userinfo */
export function answerUserinfo(store: GoogleStore, token: string | undefined): HttpAnswer {
  const row = token === undefined ? undefined : accessToken(store, token);
  if (!row?.scopes.includes('openid')) return userinfoUnauthorized();
  return json(200, identityClaims(store.requireAccount(row.email), row.scopes));
}
