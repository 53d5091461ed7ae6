import type { NextFunction, Request, Response, Router } from 'express';
import { z } from 'zod';
import { requireScope } from './auth/authenticate.ts';
import { limitReads, requireLeft } from './auth/limit.ts';
import type { ApiContext } from './api-context.ts';
import type { Call } from './http/call.ts';
import type { SentAnswer } from './http/answers.ts';
import { clientNetwork } from './http/client-address.ts';
import { answerOnce } from './http/idempotency.ts';
import { fieldErrors, issueWords } from './http/issue-words.ts';
import { secretFieldsOf } from './http/request-hash.ts';
import { Problem } from './http/problem.ts';
import type { FieldError } from './http/problem.ts';
import type { Principal, Scope } from './http/scopes.ts';

const NOTHING = z.strictObject({});
const ANONYMOUS: Principal = { id: '', tenantId: '', scopes: new Set(), readsPerMinute: null, kind: 'session' };
const READS: readonly string[] = ['tokens:read', 'messages:read'] satisfies Scope[];

/** Mounts calls on a router. Express 5 passes a rejected promise to the error handler. */
export function mountCalls(router: Router, context: ApiContext, calls: readonly Call[]): void {
  for (const call of calls) {
    router[call.method](call.path, (request: Request, response: Response, _next: NextFunction) => {
      response.locals['route'] = call.path;
      return answerCall(context, call, request, response);
    });
  }
}

async function answerCall(context: ApiContext, call: Call, request: Request, response: Response): Promise<void> {
  const principal = await admit(context, call, request, response);
  const run = async () =>
    call.run({
      context,
      principal,
      params: parsePart('path', call.params ?? NOTHING, request.params),
      query: parsePart('query', call.query ?? NOTHING, request.query),
      body: parsePart('body', call.body ?? NOTHING, request.body ?? {}),
      request,
      response,
    });
  const isKept = call.method === 'post' && call.access !== 'public' && call.rawBody === undefined;
  const key = isKept ? request.get('idempotency-key') : undefined;
  const knowsRepetition = () => call.knowsRepetition?.(parsePart('body', call.body ?? NOTHING, request.body)) ?? false;
  const asked = { principal, request, knowsRepetition, secrets: secretFieldsOf(call.body) };
  const answer = key === undefined ? await run() : await answerOnce(context, { ...asked, key }, run);
  sendAnswer(response, call, answer);
}

/** Who calls. Throws 401 or 403 where the call needs more, 429 beyond a limit. */
async function admit(context: ApiContext, call: Call, request: Request, response: Response): Promise<Principal> {
  const { publicCalls, changes } = context.limits;
  if (call.access === 'public') {
    const detail = `This address may make ${publicCalls.uses} calls without a key in a minute`;
    if (!call.isUnlimited) requireLeft(publicCalls, clientNetwork(request), detail);
    return ANONYMOUS;
  }
  const principal = requireScope(response.locals['principal'] as Principal | null | undefined, call.access);
  if (call.method !== 'get') {
    requireLeft(changes, principal.id, `A key may make ${changes.uses} calls that change something in a minute`);
  } else if (call.access.some((scope) => READS.includes(scope))) {
    await limitReads(context, principal);
  }
  return principal;
}

/** With Node's own methods: no answer needs the extras of `response.json` (ETag, freshness, JSONP). */
function sendAnswer(response: Response, { answers }: Call, answer: SentAnswer): void {
  const { status, body, location, headers = {} } = answer;
  if (answers[status]?.kind === 'written') return;
  if (body === undefined) {
    response.writeHead(status, { ...headers, ...(location === undefined ? {} : { Location: location }) }).end();
    return;
  }
  const text = JSON.stringify(body);
  const about = { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(text) };
  response.writeHead(status, { ...about, ...headers }).end(text);
}

function parsePart<S extends z.ZodType>(part: FieldError['in'], schema: S, value: unknown): z.infer<S> {
  const parsed = schema.safeParse(value, { error: issueWords });
  if (parsed.success) return parsed.data;
  const errors = fieldErrors(part, parsed.error.issues);
  // A malformed id names no resource.
  if (part === 'path') throw new Problem('not_found', 'No resource has this id', { errors });
  const named = errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
  throw new Problem('validation_failed', `In the ${part}: ${named}`, { errors });
}
