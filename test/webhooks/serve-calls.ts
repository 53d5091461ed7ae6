import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { ApiContext } from '../../api/api-context.ts';
import { authenticate } from '../../api/auth/authenticate.ts';
import { KnownKeys } from '../../api/auth/known-keys.ts';
import { answerProblem } from '../../api/http/answer-problem.ts';
import { readJson } from '../../api/http/read-json.ts';
import { createRequestLimits } from '../../api/limits/request-limits.ts';
import { mountCalls } from '../../api/mount-calls.ts';
import { webhookCalls } from '../../api/routes/webhook-endpoints.ts';
import { sha256 } from '../../crypto/random-secrets.ts';
import { insertApiKey } from '../../db/access/api-keys.ts';
import { withinReach } from '../../db/across-tenants/reach.ts';
import { newId } from '../../db/ids.ts';
import { keepAnswersOf } from '../support/kept-answers.ts';
import type { Stage } from './stage.ts';

/** The calls about webhooks, answered under a server's rights. */
export async function serveWebhookCalls(stage: Stage): Promise<{ base: string; close: () => void }> {
  const limits = createRequestLimits(stage);
  const given = { ...stage, database: stage.serverDatabase, limits } as unknown as ApiContext;
  const context = { ...given, knownKeys: new KnownKeys(given, limits.lookups) };
  const app = express();
  app.use('/v1', authenticate(context));
  app.use(readJson);
  mountCalls(app, context, webhookCalls);
  app.use(answerProblem(stage.logger));
  const server = createServer();
  keepAnswersOf(server);
  server.on('request', app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => void server.close() };
}

export async function addKey(stage: Stage, key: string, tenantId: string | null, scopes: string[]): Promise<void> {
  const values = { id: newId('key'), name: 'test', hash: sha256(key), tenantId, scopes, createdAt: new Date() };
  await withinReach(stage.database, null, (tx) => insertApiKey(tx, values));
}
