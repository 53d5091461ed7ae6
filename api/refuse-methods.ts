import type { Request, Response, Router } from 'express';
import type { Call } from './http/call.ts';
import { Problem } from './http/problem.ts';

/** Answers a known path with another method: 405 with `Allow`, or to OPTIONS 204 with it. Mount it after the calls. */
export function refuseMethods(router: Router, calls: readonly Pick<Call, 'path' | 'method'>[]): void {
  for (const [path, known] of Map.groupBy(calls, (call) => call.path)) {
    const methods = known.map(({ method }) => method.toUpperCase());
    const allowed = [...(methods.includes('GET') ? ['GET', 'HEAD'] : []), ...methods.filter((name) => name !== 'GET')];
    router.all(path, (request: Request, response: Response) => {
      response.locals['route'] = path;
      response.set('Allow', allowed.join(', '));
      if (request.method === 'OPTIONS') return void response.status(204).end();
      throw new Problem('method_not_allowed', `Expected ${allowed.join(' or ')}`);
    });
  }
}
