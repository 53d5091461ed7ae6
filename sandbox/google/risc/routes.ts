import type { Request, RequestHandler, Response } from 'express';
import { json as readJson, Router } from 'express';
import { z, ZodError } from 'zod';
import { bearerToken } from '../../oauth/client-authentication.ts';
import { json } from '../answers.ts';
import type { GoogleStore } from '../store.ts';
import { ISSUER } from './events.ts';
import type { SecurityEvents } from './events.ts';
import type { ServiceAccount } from './service-account.ts';
import type { SecurityEventStream } from './stream.ts';

interface Risc {
  readonly events: SecurityEvents;
  readonly stream: SecurityEventStream;
  readonly serviceAccount: ServiceAccount;
}

const API = '/google/risc/v1beta';

/** The configuration of security events, and the API at which a project registers its receiver. */
export function riscRoutes({ events, stream, serviceAccount }: Risc, store: GoogleStore): Router {
  const router = Router();
  const { origin } = store.deps;
  router.get('/.well-known/risc-configuration', (_request, response) => {
    send(response, 200, {
      issuer: ISSUER,
      jwks_uri: `${origin}/google/oauth2/v3/certs`,
      delivery_methods_supported: ['https://schemas.openid.net/secevent/risc/delivery-method/push'],
    });
  });
  const admitted: RequestHandler = (request, response, next) => {
    if (serviceAccount.admits(bearerToken(request.headers.authorization), store.now())) return next();
    fail(response, 401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.');
  };
  router.use(API, admitted, readJson());
  router.get(`${API}/stream`, (_request, response) => {
    if (stream.current) send(response, 200, stream.current);
    else fail(response, 404, 'NOT_FOUND', 'Stream not found.');
  });
  router.get(`${API}/stream/status`, (_request, response) => {
    if (stream.current) send(response, 200, { status: stream.current.status });
    else fail(response, 404, 'NOT_FOUND', 'Stream not found.');
  });
  const post = (path: string, act: (body: unknown) => boolean): void => {
    router.post(`${API}/${path}`, (request: Request, response) => {
      try {
        if (act(request.body)) send(response, 200, {});
        else fail(response, 404, 'NOT_FOUND', 'Stream not found.');
      } catch (error) {
        if (!(error instanceof ZodError)) throw error;
        fail(response, 400, 'INVALID_ARGUMENT', 'Request contains an invalid argument.');
      }
    });
  };
  // Express takes `:` for a parameter.
  post('stream\\:update', (body) => {
    stream.update(body);
    return true;
  });
  post('stream/status\\:update', (body) => stream.setStatus(body));
  post('stream\\:verify', (body) => {
    events.verify(z.object({ state: z.string() }).parse(body).state);
    return stream.current !== null;
  });
  return router;
}

function send(response: Response, status: number, content: unknown): void {
  const { headers, body } = json(status, content);
  response.writeHead(status, { ...headers }).end(body);
}

const fail = (response: Response, code: number, status: string, message: string) =>
  send(response, code, { error: { code, message, status } });
