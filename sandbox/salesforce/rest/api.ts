import type { Condition } from '../../conditions.ts';
import type { HttpAnswer } from '../../http-answer.ts';
import { bearerToken } from '../../oauth/client-authentication.ts';
import type { AccessTokenRow } from '../../oauth/rows.ts';
import { json, restError } from '../answers.ts';
import type { SalesforceStore } from '../store.ts';
import { answerLocator, answerQuery } from './query.ts';
import type { Locators } from './locators.ts';
import type { RestRequest } from './request.ts';
import { answerCollection, answerSObjects } from './sobjects.ts';

/** What one organization may ask in 24 hours. */
const DAILY_REQUESTS = 100_000;
const VERSIONS = ['62.0', '63.0', '64.0', '65.0'];

/** The faults of the control API that show in a call's answer, besides those of every HTTP request. */
export const REST_FAULTS = [
  'account_disabled',
  'api_disabled',
  'requests_nearly_spent',
  // Enhanced Email is off: the organization has no such object.
  'emails_hidden',
  'tasks_hidden',
  'too_many_ids',
  // Pages end before they are full, as with records that are large.
  'pages_short',
  // Others of the user's queries have taken the room of its results.
  'locators_lost',
  // The login lacks "View Setup and Configuration".
  'limits_hidden',
  // The bytes of files are refused, their names are not.
  'bytes_refused',
] as const;

/** A call as it came, at one instance. */
export interface Call extends Omit<RestRequest, 'store' | 'account' | 'version' | 'path' | 'locators' | 'faults'> {
  readonly instance: string;
  /** Below `/services/data`. */
  readonly address: string;
  readonly authorization: string | undefined;
}

function sessionOf(store: SalesforceStore, { authorization }: Pick<Call, 'authorization'>): AccessTokenRow | undefined {
  return store.session(bearerToken(authorization) ?? '');
}

/** `/services/data/…` of one instance. */
export function answerRest(
  { store, locators }: { store: SalesforceStore; locators: Locators },
  call: Call,
  held: ReadonlyMap<string, Condition>,
): HttpAnswer {
  const path = call.address.split('/').filter(Boolean).map(decodeURIComponent);
  if (path.length === 0)
    return json(
      200,
      VERSIONS.map((version) => ({ label: `Release ${version}`, url: `/services/data/v${version}`, version })),
    );
  const [version = '', ...below] = path;
  if (!/^v\d+\.0$/.test(version)) return restError.notFound();
  const session = sessionOf(store, call);
  const account = session && store.account(session.email);
  if (!account || account.instance !== call.instance) return restError.session();
  if (held.has('account_disabled')) return restError.userInactive();
  if (held.has('api_disabled')) return restError.apiDisabled();
  if (!session.scopes.some((scope) => scope === 'api' || scope === 'full')) return restError.notForRest();
  const counted = store.countRequest(account.org);
  const used = held.has('requests_nearly_spent') ? DAILY_REQUESTS - 5_000 : counted;
  const answer = answerPath(
    { ...call, store, locators, account, version, path: below, faults: new Set(held.keys()) },
    used,
  );
  return { ...answer, headers: { ...answer.headers, 'sforce-limit-info': `api-usage=${used}/${DAILY_REQUESTS}` } };
}

function answerPath(request: RestRequest, used: number): HttpAnswer {
  const { path, query, version } = request;
  const [first, second] = path;
  const at = `/services/data/${version}`;
  switch (first) {
    case undefined:
      return json(200, {
        sobjects: `${at}/sobjects`,
        query: `${at}/query`,
        queryAll: `${at}/queryAll`,
        limits: `${at}/limits`,
        composite: `${at}/composite`,
      });
    case 'sobjects':
      return answerSObjects(request);
    case 'composite':
      return second === 'sobjects' ? answerCollection(request) : restError.notFound();
    case 'limits':
      if (request.faults.has('limits_hidden')) return restError.forbidden();
      return json(200, { DailyApiRequests: { Max: DAILY_REQUESTS, Remaining: Math.max(0, DAILY_REQUESTS - used) } });
    case 'query':
    case 'queryAll': {
      if (second !== undefined) return answerLocator(request, second);
      const soql = query.get('q');
      return soql === null
        ? restError.malformedQuery('A query must be given')
        : answerQuery(request, soql, first === 'queryAll');
    }
    default:
      return restError.notFound();
  }
}
