import type { HttpAnswer, TransportAnswers } from '../http-answer.ts';

const JSON_HEADERS = {
  'content-type': 'application/json;charset=UTF-8',
  'cache-control': 'no-cache,must-revalidate,max-age=0,no-store,private',
};

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return { status, headers: { ...JSON_HEADERS, ...headers }, body: JSON.stringify(body) };
}

export const noContent: HttpAnswer = { status: 204, headers: {}, body: '' };

/** A refusal of the REST API: a list of one. */
function refusal(status: number, errorCode: string, message: string): HttpAnswer {
  return json(status, [{ message, errorCode }]);
}

/** What the REST API says, in Salesforce's words. */
export const restError = {
  /** Expired, revoked and invented sessions, and those of another instance: all look alike. */
  session: () => refusal(401, 'INVALID_SESSION_ID', 'Session expired or invalid'),
  /** The other meaning of the same code: the app lacks the scope `api`. */
  notForRest: () => refusal(401, 'INVALID_SESSION_ID', 'This session is not valid for use with the REST API'),
  userInactive: () => refusal(403, 'INACTIVE_USER', 'user is inactive'),
  apiDisabled: () => refusal(403, 'API_DISABLED_FOR_ORG', 'The REST API is not enabled for this Organization.'),
  forbidden: () => refusal(403, 'FORBIDDEN', 'You do not have access to the requested resource.'),
  bytesRefused: () =>
    refusal(403, 'INSUFFICIENT_ACCESS', 'insufficient access rights on cross-reference id: you cannot read this file'),
  noSuchObject: (name: string) =>
    refusal(
      400,
      'INVALID_TYPE',
      `sObject type '${name}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name.`,
    ),
  notFound: () => refusal(404, 'NOT_FOUND', 'The requested resource does not exist'),
  entityDeleted: () => refusal(404, 'ENTITY_IS_DELETED', 'entity is deleted'),
  malformedQuery: (why: string) => refusal(400, 'MALFORMED_QUERY', why),
  noSuchField: (object: string, field: string) =>
    refusal(400, 'INVALID_FIELD', `No such column '${field}' on entity '${object}'.`),
  badLocator: () => refusal(400, 'INVALID_QUERY_LOCATOR', 'invalid query locator'),
  replicationDate: (why: string) => refusal(400, 'INVALID_REPLICATION_DATE', why),
  tooManyIds: () =>
    refusal(400, 'EXCEEDED_ID_LIMIT', 'record limit reached. cannot submit more than 600000 records into this call'),
  method: () => refusal(405, 'METHOD_NOT_ALLOWED', 'HTTP Method not allowed. Allowed are HEAD,GET,POST,PATCH,DELETE'),
  parser: () =>
    refusal(400, 'JSON_PARSER_ERROR', 'The HTTP entity body is required, but this request has no entity body.'),
};

const oauth = (error: string, error_description: string, status = 400): HttpAnswer =>
  json(status, { error, error_description });
const grant = (description: string): HttpAnswer => oauth('invalid_grant', description);

/** What the token endpoint says (help.salesforce.com "OAuth 2.0 Authorization Errors"). */
export const tokenError = {
  /** Revoked, idle, replaced, pushed out by a sixth approval, or never there: all look alike. */
  expired: () => grant('expired access/refresh token'),
  inactiveUser: () => grant('inactive user'),
  ipRestricted: () => grant('ip restricted'),
  notApproved: () => grant("user hasn't approved this consumer"),
  otherHost: () => grant('authentication failure'),
  codeInvalid: () => grant('invalid authorization code'),
  codeExpired: () => grant('expired authorization code'),
  wrongVerifier: () => grant('invalid code verifier'),
  missingVerifier: () => oauth('invalid_request', 'missing required code verifier'),
  redirectMismatch: () => oauth('redirect_uri_mismatch', 'redirect_uri must match configuration'),
  clientUnknown: () => oauth('invalid_client_id', 'client identifier invalid'),
  secretWrong: () => oauth('invalid_client', 'invalid client credentials'),
  grantType: () => oauth('unsupported_grant_type', 'grant type not supported'),
  parameterMissing: (name: string) => oauth('invalid_request', `missing required parameter: ${name}`),
  tokenInvalid: () => oauth('invalid_token', 'token is invalid'),
};

/** What a captive portal or a filter puts in an answer's place. */
function rubbish(): HttpAnswer {
  const body =
    '<!doctype html><html><head><title>OK</title></head><body><h1>Welcome to the guest network</h1></body></html>';
  return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body };
}

/** https://github.com/wadewegner/Force.com-Toolkit-for-NET/issues/160 */
function maintenance(status: number): HttpAnswer {
  const body =
    '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN" "http://www.w3.org/TR/html4/loose.dtd">\n<html xmlns="http://www.w3.org/1999/xhtml"><body><center><span>We are down for maintenance.</span><br><br>Sorry for the inconvenience. We\'ll be back shortly.</center></body></html>';
  return { status, headers: { 'content-type': 'text/html' }, body };
}

/** No refusal says how long to wait: limits count the last 24 hours. */
export const restTransport: TransportAnswers = {
  unavailable: maintenance,
  rateLimited: () => refusal(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.'),
  rubbish,
};

export const oauthTransport: TransportAnswers = {
  unavailable: maintenance,
  rateLimited: () => grant('login rate exceeded'),
  rubbish,
};
