import { readFileSync } from 'node:fs';
import type { RequestHandler } from 'express';
import { Router } from 'express';

const SCRIPT = 'text/javascript; charset=utf-8';
const FILES: Readonly<Record<string, readonly [file: string, contentType: string]>> = {
  '/': ['page.html', 'text/html; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
  '/page.js': ['page.js', SCRIPT],
  '/control.js': ['control.js', SCRIPT],
  '/provider-section.js': ['provider-section.js', SCRIPT],
};

/** The provider's side for people: static files that talk to the control API. */
export function pageRoutes(): RequestHandler {
  const router = Router();
  for (const [path, [file, contentType]] of Object.entries(FILES)) {
    const content = readFileSync(new URL(file, import.meta.url));
    router.get(path, (_request, response) => {
      response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-cache' }).end(content);
    });
  }
  return router;
}
