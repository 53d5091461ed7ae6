import express from 'express';
import type { Express } from 'express';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Context } from '../../runtime/context.ts';
import type { Call } from './call.ts';
import { openApiDocument } from '../openapi.ts';
import { refuseMethods } from '../refuse-methods.ts';

const SWAGGER_UI = dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/package.json')));

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Mooring API</title>
    <link rel="stylesheet" href="/reference/swagger-ui.css" />
  </head>
  <body>
    <div id="reference"></div>
    <script src="/reference/swagger-ui-bundle.js"></script>
    <script src="/reference/start.js"></script>
  </body>
</html>
`;
const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#reference', deepLinking: true, docExpansion: 'list' });\n`;

/** `/openapi.json`, and a page that reads it; every file comes from here, so the page needs no other host. */
export function mountReference(app: Express, calls: readonly Call[], { publicUrl }: Context['config']): void {
  const document = openApiDocument(calls, publicUrl);
  app.get('/openapi.json', (_request, response) => void response.json(document));
  app.get('/reference', (_request, response) => void response.type('html').send(PAGE));
  app.get('/reference/start.js', (_request, response) => void response.type('text/javascript').send(START));
  refuseMethods(
    app,
    ['/openapi.json', '/reference'].map((path) => ({ path, method: 'get' })),
  );
  app.use('/reference', express.static(SWAGGER_UI, { index: false }));
}
