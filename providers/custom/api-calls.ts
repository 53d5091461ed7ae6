import type { ConnectionContext } from '../../domain/connection-context.ts';
import type { Secret } from '../../domain/secret.ts';
import { ProviderError } from '../../domain/verdict.ts';
import { incomplete, tokenRefused } from '../../domain/verdict-builders.ts';
import type { Operation } from '../../domain/verdict.ts';
import { toProviderAnswer } from '../../net/http.ts';
import type { BeforeWriting, Http, HttpAnswer } from '../../net/http.ts';
import type { Classifier } from '../answers/outages.ts';
import { isObject, parseJson } from '../answers/text.ts';
import { authenticated } from '../oauth.ts';
import type { OAuthClientConfig } from '../oauth-client.ts';
import type { Addresses } from './addresses.ts';
import type { ApiCall } from './file-parts.ts';
import { filled, parseExactly } from './templates.ts';

/** What the calls of a file need. */
export interface CallSettings {
  label: string;
  http: Http;
  /** Through the egress guard, for addresses that a token answer told. */
  guardedHttp: Http;
  addresses: Addresses;
  client: OAuthClientConfig;
  classify: Classifier;
}

export interface Calling {
  accessToken: Secret;
  context: ConnectionContext;
  operation: Operation;
  signal: AbortSignal;
  beforeWriting?: BeforeWriting;
}

/** Sends one call; the answer is of any status. Throws `ProviderError` where the connection knows no address for it. */
export async function sendCall(settings: CallSettings, call: ApiCall, calling: Calling): Promise<HttpAnswer> {
  const { label, addresses, client, http, guardedHttp } = settings;
  const { accessToken, context, operation, signal, beforeWriting } = calling;
  const address = addresses.of(call.url, context);
  if (!address) throw new ProviderError(`${label} told no address for its API`, incomplete('address_missing'));
  const by = await authenticated(client, address.url, call.client_authentication);
  const form = Object.entries(call.form).map(([name, value]) => [
    name,
    filled(value, (one) => (one === 'access_token' ? accessToken.reveal() : null)) ?? value,
  ]);
  const isPost = call.method === 'POST';
  return (address.isTold ? guardedHttp : http).send({
    method: call.method,
    url: address.url,
    operation,
    headers: {
      accept: 'application/json',
      ...(isPost ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      ...(call.scheme === null ? {} : { authorization: `${call.scheme} ${accessToken.reveal()}` }),
      ...inLowerCase(call.headers),
      ...by.headers,
    },
    ...(isPost ? { body: new URLSearchParams([...form, ...Object.entries(by.form)]).toString() } : {}),
    ...(beforeWriting ? { beforeWriting } : {}),
    signal,
  });
}

/** So that a header of a file takes the place of ours: names of headers know no case. */
const inLowerCase = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** The JSON of a call that succeeded. Throws `ProviderError`. */
export async function callApi(settings: CallSettings, call: ApiCall, calling: Calling): Promise<unknown> {
  const answer = await sendCall(settings, call, calling);
  const { label, classify } = settings;
  if (answer.status < 200 || answer.status > 299) {
    const refusal = classify(toProviderAnswer(calling.operation, answer));
    throw new ProviderError(`${label} refused a call: ${answer.status} ${refusal.providerCode ?? ''}`, refusal);
  }
  const said = refusalWithin(answer.body);
  if (said !== null)
    throw new ProviderError(`${label} refused a call with ${answer.status}: ${said}`, tokenRefused(said));
  return parseExactly(answer.body);
}

/** A refusal with a status of success: of an introspection (RFC 7662 section 2.2), or an error's word. null: none. */
export function refusalWithin(body: string): string | null {
  const json = parseJson(body);
  if (!isObject(json)) return null;
  if (json['active'] === false) return 'inactive';
  const error = json['error'];
  return typeof error === 'string' && /^[\w.-]{1,64}$/.test(error) ? error : null;
}
