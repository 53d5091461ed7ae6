import type { AddressInfo } from 'node:net';
import { createServer } from 'node:http';
import { openApiContext } from '../../api/api-context.ts';
import { startSettler } from '../../runtime/settler.ts';
import { createApp } from '../../api/app.ts';
import { withinReach } from '../../db/across-tenants/reach.ts';
import { insertApiKey } from '../../db/access/api-keys.ts';
import { newId } from '../../db/ids.ts';
import { sha256 } from '../../crypto/random-secrets.ts';
import { SCOPES } from '../../api/http/scopes.ts';
import type { Context } from '../../runtime/context.ts';
import { Secret } from '../../domain/secret.ts';
import { databaseAs } from './logins.ts';
import { keepAnswersOf } from './kept-answers.ts';
import { secret } from './minting.ts';

export interface ApiAnswer {
  status: number;
  headers: Headers;
  text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- a test reads what it expects
  json: any;
}

/** The API of a stage over real HTTP, with one key that may do everything. */
export async function startApi(stageContext: Context, config: Partial<Context['config']> = {}) {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const loginToken = secret('login-token');
  const context = {
    ...stageContext,
    database: databaseAs('server', stageContext.database),
    config: {
      ...stageContext.config,
      port,
      publicUrl: url,
      uiLoginToken: new Secret(loginToken),
      ...config,
    },
  };
  const api = await openApiContext(context);
  const settler = startSettler(context);
  keepAnswersOf(server);
  server.on('request', createApp(api));

  async function request(
    method: string,
    path: string,
    { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<ApiAnswer> {
    const response = await fetch(new URL(path, url), {
      method,
      redirect: 'manual',
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parse(text) };
  }

  /** Makes a key and answers with what calls with it. */
  async function caller(
    given: { tenantId?: string; scopes?: readonly string[]; cidrs?: string[]; expiresAt?: Date } = {},
  ) {
    const key = `mk_${secret('api-key')}`;
    const createdAt = await context.clock.now();
    const row = { id: newId('key'), name: 'test', hash: sha256(key), scopes: [...SCOPES], createdAt, ...given };
    await withinReach(context.database, null, (tx) => insertApiKey(tx, { ...row, scopes: [...row.scopes] }));
    const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
      request(method, path, { body, headers: { authorization: `Bearer ${key}`, ...headers } });
    return Object.assign(call, { key, id: row.id });
  }

  return {
    url,
    loginPath: `/login?token=${loginToken}`,
    context: api,
    request,
    caller,
    call: await caller(),
    async close() {
      await settler.stop();
      await api.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
export type Api = Awaited<ReturnType<typeof startApi>>;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A browser's worth of cookies. */
export function browse(api: Api) {
  const cookies = new Map<string, string>();
  return async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<ApiAnswer> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await api.request(method, path, { body, headers: { cookie, ...headers } });
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const at = pair.indexOf('=');
      cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return answer;
  };
}
