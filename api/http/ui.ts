import { existsSync } from 'node:fs';
import { join } from 'node:path';
import express from 'express';
import type { Express, RequestHandler } from 'express';
import type { Context } from '../../runtime/context.ts';

/** The built web app: hashed files are cached for ever, and every address of the app gets its page. */
export function mountUi(app: Express, config: Context['config']): void {
  const { uiDir } = config;
  app.use('/assets', express.static(join(uiDir, 'assets'), { index: false, immutable: true, maxAge: '1y' }));
  app.use(express.static(uiDir, { index: false }));
  app.get(['/connect/:link', '/{*path}'], toPublicAddress(config), sendPage(uiDir));
}

/** The sign-in's cookie belongs to one host name, and the provider sends people back to the public one. */
function toPublicAddress({ publicUrl }: Context['config']): RequestHandler {
  const { host } = new URL(publicUrl);
  return (request, response, next) => {
    if (!request.path.startsWith('/connect/') || request.get('host')?.toLowerCase() === host) return next();
    response.redirect(302, `${publicUrl}${request.originalUrl}`);
  };
}

/** For requests of a page only: a missing file or an unknown API address is a 404. */
function sendPage(uiDir: string): RequestHandler {
  const page = join(uiDir, 'index.html');
  return (request, response, next) => {
    const isApi = /^\/(v1|ui|oauth|assets|reference)(\/|$)/.test(request.path);
    if (isApi || !request.accepts('html') || !existsSync(page)) return next();
    response.locals['route'] = 'page';
    response.sendFile(page, { cacheControl: false, headers: { 'Cache-Control': 'no-store' } });
  };
}
