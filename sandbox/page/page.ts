import { readFileSync } from 'node:fs';
import type { RequestHandler } from 'express';
import { Router } from 'express';

const SCRIPT = 'text/javascript; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';
const PAGE = 'text/html; charset=utf-8';
const FILES: Readonly<Record<string, readonly [file: string, contentType: string]>> = {
  '/': ['page.html', PAGE],
  '/page.css': ['page.css', STYLE],
  '/page.js': ['page.js', SCRIPT],
  '/control.js': ['control.js', SCRIPT],
  '/provider-section.js': ['provider-section.js', SCRIPT],
  '/product.css': ['product.css', STYLE],
  '/product.js': ['product.js', SCRIPT],
};

/**
 * The provider's side for people: static files that talk to the control API. With the address of Mooring also a page of a
 * product that embeds it.
 */
export function pageRoutes(mooring: string | null): RequestHandler {
  const router = Router();
  for (const [path, [file, contentType]] of Object.entries(FILES)) {
    const content = read(file);
    router.get(path, (_request, response) => {
      response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-cache' }).end(content);
    });
  }
  if (mooring !== null) router.get('/product', productPage(mooring));
  return router;
}

/** As strict as a product's page can be that embeds Mooring. */
function productPage(mooring: string): RequestHandler {
  const content = read('product.html').toString().replaceAll('__MOORING__', mooring);
  const policy = `default-src 'none'; script-src 'self' ${mooring}; connect-src ${mooring}; style-src 'self'; img-src data:`;
  return (_request, response) => {
    const headers = { 'content-type': PAGE, 'cache-control': 'no-cache', 'content-security-policy': policy };
    response.writeHead(200, headers).end(content);
  };
}

const read = (file: string): Buffer => readFileSync(new URL(file, import.meta.url));
