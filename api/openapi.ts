import { z } from 'zod';
import { createDocument } from 'zod-openapi';
import type { ZodOpenApiObject, ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi';
import type { Answers } from './http/answers.ts';
import type { Call } from './http/call.ts';
import { documentedProblems } from './http/documented-problems.ts';
import { Problem, PROBLEMS, problemBody } from './http/problem.ts';
import { TAGS } from './http/tags.ts';
import type { ProblemCode } from './http/problem.ts';
import type { EventType } from '../domain/event.ts';
import { WEBHOOKS, webhookName } from './schemas/events/event-data.ts';
import { sampleWebhook } from './schemas/events/event-samples.ts';
import { problemOut } from './schemas/problem.ts';
import { addExamples } from './reference/schema-examples.ts';

/** The OpenAPI 3.1 document, made from the schemas that validate. */
export function openApiDocument(calls: readonly Call[], publicUrl: string) {
  const paths: ZodOpenApiPathsObject = {};
  for (const call of calls) {
    const path = call.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [call.method]: operationOf(call) };
  }
  const document: ZodOpenApiObject = {
    openapi: '3.1.0',
    info: {
      title: 'Mooring',
      version: '1',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description:
        'Keeps connected mailboxes and CRM accounts connected. Calls under `/v1` take an API key as a bearer token; in a browser that is signed in to the web UI, its session serves as well. Every failed call answers with problem details (RFC 9457).',
    },
    servers: [{ url: publicUrl }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    webhooks: Object.fromEntries([...WEBHOOKS].map(([type, schema]) => [type, { post: webhookOf(type, schema) }])),
    components: {
      securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', description: 'An API key, `mk_…`' } },
    },
  };
  const written = createDocument(document, { override: allowMoreFields });
  addExamples((written.components?.schemas ?? {}) as Parameters<typeof addExamples>[0], examplesOf(calls));
  openReferences(written);
  return written;
}

/** The examples that belong to calls, problems and events, by the names of their components. */
function examplesOf(calls: readonly Call[]): Map<string, unknown> {
  const ofCalls = calls.map((call) => [componentOf(call, 'Request'), call.example] as const);
  const ofEvents = [...WEBHOOKS].map(
    ([type, schema]) => [schema.meta()?.['id'] as string, sampleWebhook(type)] as const,
  );
  return new Map<string, unknown>([...ofCalls, ...ofEvents, ['Problem', sampleProblem(['reauth_required'])]]);
}

const componentOf = ({ operationId }: Call, what: 'Request' | 'Answer') =>
  `${operationId[0]?.toUpperCase()}${operationId.slice(1)}${what}`;

/** A later version may answer with more; a client that was generated from this one must not refuse it. */
function allowMoreFields({ jsonSchema, io }: { jsonSchema: { additionalProperties?: unknown }; io: string }): void {
  if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
}

/** zod-openapi repeats beside a reference that there is nothing more, which then refuses every field of what it refers to. */
function openReferences(node: unknown): void {
  if (typeof node !== 'object' || node === null) return;
  if ('$ref' in node && 'additionalProperties' in node) delete node.additionalProperties;
  for (const value of Object.values(node)) openReferences(value);
}

const named = new WeakMap<z.ZodType, z.ZodType>();

/** A schema without a name of its own is named for its call. */
function schemaOf(schema: z.ZodType, call: Call, what: 'Request' | 'Answer'): z.ZodType {
  if (schema.meta()?.['id'] !== undefined) return schema;
  const known = named.get(schema);
  if (known) return known;
  const copy = schema.meta({ ...schema.meta(), id: componentOf(call, what) });
  named.set(schema, copy);
  return copy;
}

function operationOf(call: Call): ZodOpenApiOperationObject {
  const isKeyed = call.access !== 'public';
  return {
    operationId: call.operationId,
    summary: call.summary,
    description: [call.description, rightsOf(call)].join('\n\n'),
    tags: [call.tag],
    security: isKeyed ? [{ apiKey: [] }] : [],
    ...(isKeyed ? { 'x-scopes': call.access } : {}),
    ...(call.isInternal ? { 'x-internal': true } : {}),
    requestParams: {
      ...(call.params ? { path: call.params } : {}),
      ...(call.query ? { query: call.query } : {}),
      ...(isKeyed && call.method === 'post' ? { header: call.rawBody ? NEEDED_IDEMPOTENCY : IDEMPOTENCY } : {}),
    },
    ...(call.body ? { requestBody: requestBodyOf(call, call.body) } : {}),
    ...(call.rawBody ? { requestBody: rawBodyOf(call.rawBody) } : {}),
    responses: { ...problemsOf(call), ...answersOf(call) },
  } as ZodOpenApiOperationObject;
}

function rightsOf({ access }: Call): string {
  if (access === 'public') return 'Takes no API key.';
  return `Needs an API key with the scope ${access.map((scope) => `\`${scope}\``).join(' or ')}.`;
}

function requestBodyOf(call: Call, body: z.ZodType) {
  const schema = schemaOf(body, call, 'Request');
  const { example } = call;
  // A body that may be empty may be left out.
  const required = !body.safeParse({}).success;
  return { required, content: { 'application/json': { schema, ...(example === undefined ? {} : { example }) } } };
}

function rawBodyOf({ mediaType, description }: NonNullable<Call['rawBody']>) {
  return { required: true, description, content: { [mediaType]: { schema: z.string() } } };
}

function webhookOf(type: EventType, schema: z.ZodType): ZodOpenApiOperationObject {
  return {
    operationId: `on${webhookName(type)}`,
    security: [],
    summary: `An endpoint gets this when a \`${type}\` event is emitted`,
    tags: ['Webhooks'],
    requestBody: { required: true, content: { 'application/json': { schema, example: sampleWebhook(type) } } },
    responses: {
      '2XX': { description: 'The endpoint has the event' },
      '410': { description: 'The endpoint is gone: Mooring disables it' },
      default: { description: 'Mooring delivers the event again, with growing gaps, for three days' },
    },
  };
}

const IDEMPOTENCY = z.object({
  'Idempotency-Key': z
    .string()
    .max(255)
    .optional()
    .describe('Repeats of the request with the same key within 24 h get the first answer'),
});

const NEEDED_IDEMPOTENCY = z.object({
  'Idempotency-Key': z
    .string()
    .max(255)
    .describe(
      'Names the message, within the channel, for 30 days: repeats with the same key and message get the same answer, and send nothing',
    ),
});

function answersOf(call: Call): Record<string, unknown> {
  const entries = Object.entries(call.answers).map(([status, answer]) => [status, answerOf(call, answer)]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

function answerOf(call: Call, answer: NonNullable<Answers[200]>): Record<string, unknown> {
  const { description } = answer;
  switch (answer.kind) {
    case 'json':
      return { description, content: { 'application/json': { schema: schemaOf(answer.schema, call, 'Answer') } } };
    case 'written':
      return {
        description,
        content: Object.fromEntries(answer.mediaTypes.map((type) => [type, { schema: z.string() }])),
      };
    case 'redirect':
      return { description, headers: z.object({ Location: z.string() }) };
    case 'empty':
      return { description };
  }
}

/** The first of these problems, as a call answers it. */
function sampleProblem([code = 'internal_error']: ProblemCode[]): Record<string, unknown> {
  return problemBody(new Problem(code, PROBLEMS[code].title), 'req_01k5m7w3h2');
}

/** Problems by their status; the description names the codes. */
function problemsOf(call: Call): Record<string, unknown> {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of documentedProblems(call)) {
    const { status } = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const answers = [...byStatus].map(([status, codes]) => [
    String(status),
    {
      description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join('; '),
      content: { 'application/problem+json': { schema: problemOut, example: sampleProblem(codes) } },
    },
  ]);
  return Object.fromEntries(answers) as Record<string, unknown>;
}
