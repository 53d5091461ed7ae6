import { z } from 'zod';
import { CALLS } from '../../api/calls.ts';
import type { Answers } from '../../api/http/answers.ts';
import type { Call } from '../../api/http/call.ts';
import { documentedProblems } from '../../api/http/documented-problems.ts';
import { PROBLEMS, isProblemCode } from '../../api/http/problem.ts';
import { WEBHOOKS, eventDataOut } from '../../api/schemas/events/event-data.ts';
import { changedOut, streamedEventOut } from '../../api/schemas/events.ts';
import { problemOut } from '../../api/schemas/problem.ts';
import type { EventType } from '../../domain/event.ts';
import { reportDrift } from './drift.ts';

/*
 * Every answer of the API in every test is held against the table of calls: a status, a problem or a field that is not
 * documented fails the test, and so does one that is documented and missing.
 */

const calls = [...CALLS.health, ...CALLS.push, ...CALLS.all].map((call) => ({
  call,
  path: new RegExp(`^${call.path.replaceAll(/:\w+/g, '[^/]+')}/?$`),
}));

interface Answered {
  method: string;
  pathname: string;
  status: number;
  contentType: string;
  body: string;
  isWhole: boolean;
}

export function checkAnswer(answer: Answered): void {
  const { method, pathname, status } = answer;
  const found = calls.find(({ call, path }) => call.method === method.toLowerCase() && path.test(pathname));
  const wrong = found ? driftOf(found.call, answer) : driftOutside(answer);
  // The address of a link is a secret.
  for (const drift of wrong) reportDrift(`${method} ${found?.call.path ?? pathname} → ${status}: ${drift}`);
}

/** No call: a page, or nothing that is there. */
function driftOutside({ method, pathname, status, body }: Answered): string[] {
  if (status >= 400) return body.startsWith('{') ? strictly(problemOut, parse(body)) : [];
  return method !== 'HEAD' && pathname.startsWith('/v1/') ? ['no call is documented here'] : [];
}

function driftOf(call: Call, { status, contentType, body, isWhole }: Answered): string[] {
  const documented = call.answers[status as keyof Answers];
  if (status >= 400 && !documented) return isWhole ? driftOfProblem(call, status, parse(body)) : [];
  switch (documented?.kind) {
    case undefined:
      // An answer that its caller gave up before it began has no status yet.
      return isWhole ? ['the status is not documented'] : [];
    case 'json':
      if (!isWhole) return [];
      return [...strictly(documented.schema, parse(body)), ...driftOfTimeline(call, parse(body))];
    case 'written':
      if (!documented.mediaTypes.some((type) => contentType.startsWith(type)))
        return [`expected ${documented.mediaTypes.join(' or ')}, not ${contentType}`];
      return documented.mediaTypes.includes('text/event-stream') ? driftOfStream(body) : [];
    case 'empty':
    case 'redirect':
      return body === '' ? [] : ['expected no body'];
  }
}

function driftOfProblem(call: Call, status: number, problem: unknown): string[] {
  const wrong = strictly(problemOut, problem);
  if (wrong.length > 0) return wrong;
  const { code } = problemOut.parse(problem);
  if (!isProblemCode(code) || PROBLEMS[code].status !== status)
    return [`the problem ${code} is not one of this status`];
  return documentedProblems(call).has(code) ? [] : [`the problem ${code} is not documented`];
}

function driftOfTimeline(call: Call, body: unknown): string[] {
  if (!call.path.endsWith('/timeline')) return [];
  const { data } = z.object({ data: z.array(z.object({ type: z.string(), data: z.unknown() })) }).parse(body);
  return data.flatMap(driftOfEventData);
}

/** What was sent of a stream, as far as its events are whole. */
function driftOfStream(body: string): string[] {
  const events = body.replaceAll('event: heartbeat\ndata: {}\n\n', '');
  const lines = events.slice(0, events.lastIndexOf('\n\n') + 1).matchAll(/^(event: changed\n)?data: (.*)$/gm);
  return [...lines].flatMap(([, changed, text = '']) => {
    if (changed !== undefined) return strictly(changedOut, parse(text));
    const wrong = strictly(streamedEventOut, parse(text));
    return wrong.length > 0 ? wrong : driftOfEventData(streamedEventOut.parse(parse(text)));
  });
}

function driftOfEventData({ type, data }: { type: string; data?: unknown }): string[] {
  return strictly(eventDataOut(type as EventType), data).map((drift) => `${type}: ${drift}`);
}

/** A webhook as its receiver got it. */
export function checkWebhook(body: string): void {
  const payload = parse(body);
  const { type } = z.object({ type: z.string() }).parse(payload);
  const schema = WEBHOOKS.get(type as EventType);
  const wrong = schema ? strictly(schema, payload) : ['the type is not documented'];
  for (const drift of wrong) reportDrift(`webhook ${type}: ${drift}`);
}

/** What a schema refuses of a value, and the fields that it does not have. */
function strictly(schema: z.ZodType, value: unknown): string[] {
  const parsed = schema.safeParse(value);
  if (!parsed.success) return parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  return unknownFields(value, parsed.data, '').map((path) => `${path}: not in the schema`);
}

/** A schema takes out of an object what it does not know. */
function unknownFields(given: unknown, known: unknown, path: string): string[] {
  if (typeof given !== 'object' || given === null) return [];
  return Object.entries(given).flatMap(([name, value]) => {
    const at = path === '' ? name : `${path}.${name}`;
    const inKnown = (known as Record<string, unknown> | null)?.[name];
    return inKnown === undefined ? [at] : unknownFields(value, inKnown, at);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
