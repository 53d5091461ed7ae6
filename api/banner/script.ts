import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Response } from 'express';
import type { ApiContext } from '../api-context.ts';
import { notFound } from '../http/problem.ts';

/** Where the build leaves the place of our own address (`ui/embed/server.ts`). */
const PLACE = '__MOORING_SERVER__';
/** How long browsers keep the script, in seconds: products include it without a version in its name. */
const KEPT_S = 600;

/** Sends `/mooring.js`, in which our own address is written, to pages of any origin. Throws 404 before it is built. */
export async function sendScript({ config }: ApiContext, response: Response): Promise<void> {
  const built = await readFile(join(config.uiDir, '../embed/mooring.js'), 'utf8').catch(() => null);
  if (built === null) throw notFound('script');
  response.set('Content-Type', 'text/javascript; charset=utf-8');
  response.set('Cache-Control', `public, max-age=${KEPT_S}`);
  // A script of another origin, also as a module.
  response.set('Cross-Origin-Resource-Policy', 'cross-origin');
  response.set('Access-Control-Allow-Origin', '*');
  response.end(built.replaceAll(PLACE, config.publicUrl));
}
