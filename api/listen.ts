import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { Express } from 'express';
import type { Context } from '../runtime/context.ts';

/** Slow senders of headers or bodies are cut off after these, in ms (S-38). */
const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Node looks every 30 s otherwise, and a slow sender gets as much on top. */
const CHECK_TIMEOUTS_MS = 2_000;
/** Longer than a proxy keeps idle connections, so that the proxy closes them. */
const KEEP_ALIVE_MS = 75_000;
/** How long running requests may take after the process is asked to stop, in ms. */
const GRACE_MS = 8_000;

/** Its message reaches the log: it is one of ours (domain/redaction/error-record.ts). */
class PortTakenError extends Error {}

/** Answers HTTP on `bind:port`. Throws an error that names the port and its variable when it is taken. */
export async function listen(app: Express, { bind, port }: Context['config']): Promise<Server> {
  const server = createServer({ connectionsCheckingInterval: CHECK_TIMEOUTS_MS }, app);
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, bind, resolve);
  await promise.catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') throw error;
    throw new PortTakenError(`Cannot listen on port ${port} of ${bind} (${error.code}); set PORT to another one`);
  });
  return server;
}

/** Accepts no more connections and waits for running requests. */
export async function drain(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), GRACE_MS);
  await promise;
  clearTimeout(timer);
}
