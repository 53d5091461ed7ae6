import { readFile } from 'node:fs/promises';
import { importPKCS8, SignJWT } from 'jose';
import { unknown } from '../../domain/verdict-builders.ts';
import { ProviderError } from '../../domain/verdict.ts';
import type { Http, HttpAnswer } from '../../net/http.ts';
import { parseJson } from '../answers/text.ts';
import type { SecurityEventStream } from '../security-events.ts';
import { riscStream, serviceAccount } from './schema.ts';

/** The audience of a service account's token, at any address of the API. */
const AUDIENCE = 'https://risc.googleapis.com/google.identity.risc.v1beta.RiscManagementService';
const PUSH = 'https://schemas.openid.net/secevent/risc/delivery-method/push';
const TIMEOUT_MS = 15_000;
const TOKEN_LIFE = '10m';

interface StreamConfig {
  apiUrl: string;
  serviceAccountFile: string;
  eventTypes: readonly string[];
}

/** The one stream of a Google project (developers.google.com/identity/protocols/risc#register_your_event_receiver). */
export function createRiscStream(
  { apiUrl, serviceAccountFile, eventTypes }: StreamConfig,
  http: Http,
): SecurityEventStream {
  const call = async (method: 'GET' | 'POST', path: string, body?: object): Promise<HttpAnswer> => {
    const headers = { authorization: `Bearer ${await token(serviceAccountFile)}`, 'content-type': 'application/json' };
    const url = new URL(`${apiUrl.replace(/\/$/, '')}/${path}`);
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    return http.send({ method, url, operation: 'api', headers, ...sent, signal: AbortSignal.timeout(TIMEOUT_MS) });
  };
  return {
    async receiver() {
      const answer = await call('GET', 'stream');
      // A project without a stream.
      if (answer.status === 404) return null;
      const stream = riscStream.safeParse(parseJson(succeeded(answer, 'tell of its stream').body));
      return (stream.success && stream.data.delivery?.url) || null;
    },
    async register(url) {
      const delivery = { delivery_method: PUSH, url };
      const updated = await call('POST', 'stream:update', { delivery, events_requested: eventTypes });
      succeeded(updated, 'register the receiver');
      succeeded(await call('POST', 'stream/status:update', { status: 'enabled' }), 'enable the stream');
    },
    async verify(state) {
      succeeded(await call('POST', 'stream:verify', { state }), 'send a verification');
    },
  };
}

function succeeded(answer: HttpAnswer, what: string): HttpAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  const { status: httpStatus, headers, body } = answer;
  const refusal = unknown({ operation: 'api', httpStatus, headers, body }, null);
  throw new ProviderError(`Google refused to ${what}: ${answer.status}`, refusal);
}

/** Signs a token. The file is read each time, so that a new key counts at once. */
async function token(file: string): Promise<string> {
  const parsed = serviceAccount.safeParse(parseJson(await readFile(file, 'utf8')));
  if (!parsed.success) throw new Error('GOOGLE_RISC_SERVICE_ACCOUNT_FILE is no key file of a service account');
  const { client_email: email, private_key: key, private_key_id: kid } = parsed.data;
  return new SignJWT()
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid })
    .setIssuer(email)
    .setSubject(email)
    .setAudience(AUDIENCE)
    .setIssuedAt()
    .setExpirationTime(TOKEN_LIFE)
    .sign(await importPKCS8(key, 'RS256'));
}
