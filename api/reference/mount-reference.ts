import express from 'express';
import type { Express } from 'express';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Context } from '../../runtime/context.ts';
import type { Call } from '../http/call.ts';
import { openApiDocument } from '../openapi.ts';
import { refuseMethods } from '../refuse-methods.ts';

const SWAGGER_UI = dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/package.json')));
const OWN: Readonly<Record<string, string>> = {
  '/reference': 'page.html',
  '/reference/start.js': 'start.js',
  '/reference/accessible.js': 'accessible.js',
  '/reference/reference.css': 'reference.css',
};

/** `/openapi.json`, and a page that reads it; every file comes from here, so the page needs no other host. */
export function mountReference(app: Express, calls: readonly Call[], { publicUrl }: Context['config']): void {
  const document = openApiDocument(calls, publicUrl);
  app.get('/openapi.json', (_request, response) => void response.json(document));
  for (const [path, file] of Object.entries(OWN)) {
    app.get(path, (_request, response) => response.sendFile(file, { root: import.meta.dirname }));
  }
  refuseMethods(
    app,
    ['/openapi.json', '/reference'].map((path) => ({ path, method: 'get' })),
  );
  app.use('/reference', express.static(SWAGGER_UI, { index: false }));
}
