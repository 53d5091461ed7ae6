import type { HttpAnswer } from '../../http-answer.ts';
import { bearerToken } from '../../oauth/client-authentication.ts';
import { json } from '../answers.ts';
import { orgId } from '../ids.ts';
import { identityPath, identityUrl } from './hosts.ts';
import type { Salesforce } from './sign-in.ts';

/** `/services/oauth2/userinfo`, and the identity URL with `path`. */
export function answerIdentity(
  { store, base }: Salesforce,
  authorization: string | undefined,
  path?: string,
): HttpAnswer {
  const session = store.session(bearerToken(authorization) ?? '');
  if (!session) return { status: 403, headers: { 'content-type': 'text/html;charset=UTF-8' }, body: 'Bad_OAuth_Token' };
  const account = store.requireAccount(session.email);
  if (path !== undefined && path !== identityPath(account)) {
    return { status: 403, headers: { 'content-type': 'text/html;charset=UTF-8' }, body: 'Wrong_Org' };
  }
  const instance = `${base}/${account.instance}`;
  const id = identityUrl(base, account);
  const name = account.name ?? account.email.slice(0, account.email.indexOf('@'));
  return json(200, {
    id,
    sub: id,
    asserted_user: true,
    user_id: account.user_id,
    organization_id: orgId(account.org),
    username: account.email,
    preferred_username: account.email,
    nick_name: name,
    name,
    display_name: name,
    email: account.email,
    email_verified: true,
    zoneinfo: 'Europe/Berlin',
    active: true,
    user_type: 'STANDARD',
    urls: {
      rest: `${instance}/services/data/v{version}/`,
      sobjects: `${instance}/services/data/v{version}/sobjects/`,
      query: `${instance}/services/data/v{version}/query/`,
      partner: `${instance}/services/Soap/u/{version}/${orgId(account.org).slice(0, 15)}`,
    },
  });
}
