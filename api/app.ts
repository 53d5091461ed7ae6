import express from 'express';
import type { Express } from 'express';
import { answerNotFound, answerProblem } from './http/answer-problem.ts';
import { tellOfProxies } from './http/client-address.ts';
import { authenticate } from './auth/authenticate.ts';
import type { ApiContext } from './api-context.ts';
import { BANNER_STATE, answerPreflight } from './banner/cross-origin.ts';
import { CALLS } from './calls.ts';
import { measureRequests } from './http/metrics.ts';
import { mountCalls } from './mount-calls.ts';
import { readJson } from './http/read-json.ts';
import { keepRaw } from './http/read-raw.ts';
import { mountReference } from './reference/mount-reference.ts';
import { requestLog } from './http/request-log.ts';
import { checkHost, checkOrigin, keepOpener, noStore, securityHeaders } from './http/security-headers.ts';
import { mountUi } from './http/ui.ts';
import { refuseMethods } from './refuse-methods.ts';

/** The HTTP side, in the order of a request's way through it. */
export function createApp(context: ApiContext): Express {
  const { config, logger } = context;
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('query parser', 'simple');
  // Decides `request.ip`; `clientAddress` is its only reader.
  app.set('trust proxy', config.trustedProxies);
  app.use(requestLog(context), measureRequests, tellOfProxies(context), securityHeaders(config));
  app.use('/metrics', authenticate(context));
  mountCalls(app, context, CALLS.health);
  refuseMethods(app, CALLS.health);
  app.use(checkHost(config));
  app.use(['/v1', '/ui', '/connect', '/oauth', '/push', '/login', '/banner', '/unsubscribe'], noStore);
  app.use(['/connect', '/oauth'], keepOpener);
  app.use(['/v1', '/ui'], authenticate(context), checkOrigin(config));
  app.use('/push', keepRaw);
  mountCalls(app, context, CALLS.push);
  refuseMethods(app, CALLS.push);
  app.post('/unsubscribe/:token', keepRaw);
  mountCalls(app, context, CALLS.mail);
  // Before `readJson`: these calls read their body themselves.
  mountCalls(
    app,
    context,
    CALLS.all.filter(({ rawBody }) => rawBody !== undefined),
  );
  app.use(readJson);
  mountCalls(app, context, CALLS.all);
  app.options(BANNER_STATE, answerPreflight(context));
  refuseMethods(app, CALLS.all);
  mountReference(app, [...CALLS.health, ...CALLS.push, ...CALLS.mail, ...CALLS.all], config);
  mountUi(app, config);
  app.use(answerNotFound);
  app.use(answerProblem(logger));
  return app;
}
