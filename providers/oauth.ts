import { createHash, randomBytes } from 'node:crypto';
import { Secret } from '../domain/secret.ts';
import { ProviderError } from '../domain/verdict.ts';
import type { OAuthClientConfig } from './oauth-client.ts';
import type { BeforeWriting, Http } from '../net/http.ts';
import type { OAuthAdapter, RawAnswer } from './contract.ts';
import { verdict } from '../domain/verdict-builders.ts';

/** A rotating provider has done its part once it answers late: waiting loses nothing, giving up loses the token. */
const TOKEN_TIMEOUT_MS = 60_000;

/** A fresh verifier and its S256 challenge (RFC 7636 sections 4.1 and 4.2). */
export function createPkce(): { codeVerifier: Secret; codeChallenge: string } {
  const verifier = randomBytes(32).toString('base64url');
  return {
    codeVerifier: new Secret(verifier),
    codeChallenge: createHash('sha256').update(verifier).digest('base64url'),
  };
}

/** How a client authenticates: in the form, in the header, or not at all (RFC 6749 section 2.3.1). */
type ClientAuthentication = 'body' | 'basic' | 'none';

/** Who asks a token endpoint, and where it is. */
export interface TokenEndpoint {
  http: Http;
  url: URL;
  client: OAuthClientConfig;
  /** Absent: in the form. */
  by?: ClientAuthentication;
}

/**
 * One request to a token endpoint, authenticated by a secret (RFC 6749 section 2.3.1) or by a signed assertion (RFC 7523),
 * without retries. The answer is raw, of any status, so that it can be sealed before it is understood.
 */
export async function requestToken(
  { http, url, client, by = 'body' }: TokenEndpoint,
  parameters: Record<string, string>,
  signal: AbortSignal,
  beforeWriting?: BeforeWriting,
): Promise<RawAnswer> {
  const proof = await authenticated(client, url, by);
  const form = new URLSearchParams({ ...parameters, ...proof.form });
  const answer = await postForm(http, url, form, signal, { headers: proof.headers, beforeWriting });
  return { ...answer, body: new Secret(answer.body) };
}

/** What authenticates the client in a request. */
export async function authenticated(
  client: OAuthClientConfig,
  url: URL,
  by: ClientAuthentication,
): Promise<{ form: Record<string, string>; headers: Record<string, string> }> {
  if (by === 'none') return { form: {}, headers: {} };
  const proof = await authenticate(client, url);
  const { client_secret: secret } = proof;
  if (by === 'body' || secret === undefined) return { form: { client_id: client.id, ...proof }, headers: {} };
  const pair = [client.id, secret].map(formEncoded).join(':');
  return { form: {}, headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } };
}

/** As in a form, which the header's user and password are encoded as first. */
const formEncoded = (text: string) => new URLSearchParams({ '': text }).toString().slice(1);

/** A file that cannot be read is the operator's to mend, as a wrong secret is. */
async function authenticate(client: OAuthClientConfig, url: URL): Promise<Record<string, string>> {
  try {
    return await client.authenticate(url);
  } catch (error) {
    const providerCode = 'client_secret_unreadable';
    const failure = verdict('misconfigured', 'app_credentials_invalid', { providerCode });
    throw Object.assign(new ProviderError('The client secret could not be read', failure), { cause: error });
  }
}

/** A form post to an OAuth endpoint. */
export function postForm(
  http: Http,
  url: URL,
  form: URLSearchParams,
  signal: AbortSignal,
  { headers = {}, beforeWriting }: { headers?: Record<string, string>; beforeWriting?: BeforeWriting | undefined } = {},
) {
  return http.send({
    method: 'POST',
    url,
    operation: 'refresh',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json', ...headers },
    body: form.toString(),
    ...(beforeWriting ? { beforeWriting } : {}),
    signal,
    timeoutMs: TOKEN_TIMEOUT_MS,
  });
}

/** What a provider sent the person back with (RFC 6749 section 4.1.2). */
export type AuthorizationAnswer =
  | { code: string }
  /** `description`: as the provider wrote it, for its error map only. */
  | { error: string; description?: string };

/**
 * Reads an authorization answer whose `state` was already found and consumed. A repeated parameter or an issuer that
 * is not the expected one (RFC 9207, mix-up) is `invalid_response`; nothing of it may reach a token endpoint.
 */
export function readAuthorizationAnswer(
  parameters: URLSearchParams,
  issuers: OAuthAdapter['issuers'],
): AuthorizationAnswer {
  for (const name of ['code', 'state', 'error', 'iss']) {
    if (parameters.getAll(name).length > 1) return { error: 'invalid_response' };
  }
  const issuer = parameters.get('iss');
  if (issuer !== null && !isOneOf(issuers, issuer)) return { error: 'invalid_response' };
  const error = parameters.get('error');
  if (error !== null) {
    const description = parameters.get('error_description')?.slice(0, 2_000) ?? '';
    return { error: /^[\x21\x23-\x5b\x5d-\x7e]{1,64}$/.test(error) ? error : 'invalid_response', description };
  }
  const code = parameters.get('code');
  return code ? { code } : { error: 'invalid_response' };
}

const isOneOf = (issuers: OAuthAdapter['issuers'], issuer: string) =>
  typeof issuers === 'function' ? issuers(issuer) : issuers.includes(issuer);
