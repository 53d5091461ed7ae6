import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { ApiContext } from '../api-context.ts';
import type { AnswerOf, Answers, SentAnswer } from './answers.ts';
import type { ProblemCode } from './problem.ts';
import type { Principal, Scope } from './scopes.ts';
import type { Tag } from './tags.ts';

/** `public`, or a key or session with one of these scopes. */
type Access = 'public' | readonly [Scope, ...Scope[]];

interface CallRequest<P, Q, B> {
  context: ApiContext;
  /** The caller; a public call has none and must not read it. */
  principal: Principal;
  params: P;
  query: Q;
  body: B;
  request: Request;
  response: Response;
}

interface CallShape<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, A extends Answers> {
  method: 'get' | 'post' | 'patch' | 'put' | 'delete';
  /** As Express writes it: `/v1/channels/:id`. */
  path: string;
  /** Unique; what a generated client calls it. */
  operationId: string;
  /** One line, in the imperative. */
  summary: string;
  /** What the summary does not say: what comes of it, when it refuses, what to do next. */
  description: string;
  tag: Tag;
  access: Access;
  /** A public call that is not limited by address: probes, and pushes, which come from a provider's few. */
  isUnlimited?: true;
  params?: P;
  query?: Q;
  body?: B;
  /** A body that is no JSON. `run` reads the request itself, requires an Idempotency-Key and answers its repetitions. */
  rawBody?: { mediaType: string; description: string };
  /** Between Mooring, its own pages and the providers: the reference page leaves it out. */
  isInternal?: true;
  /** A body that works in the sandbox, for the reference. */
  example?: z.input<B>;
  /** Its answers without a problem, by status. */
  answers: A;
  /** Beside the problems of every call. */
  problems?: ProblemCode[];
  /** The call finds the result of an earlier request itself, so under an Idempotency-Key it need not wait for it. */
  knowsRepetition?(body: z.infer<B>): boolean;
  /** Answers with one of `answers`. Throws `Problem`. */
  run(request: CallRequest<z.infer<P>, z.infer<Q>, z.infer<B>>): Promise<AnswerOf<A>>;
}

/** Defines a call of the API: its input, access and answers, from which route and OpenAPI document are made. */
export interface Call extends Omit<CallShape<z.ZodObject, z.ZodObject, z.ZodType, Answers>, 'run'> {
  run(request: CallRequest<z.infer<z.ZodObject>, z.infer<z.ZodObject>, unknown>): Promise<SentAnswer>;
}

export function defineCall<
  A extends Answers,
  P extends z.ZodObject = z.ZodObject,
  Q extends z.ZodObject = z.ZodObject,
  B extends z.ZodType = z.ZodObject,
>(call: CallShape<P, Q, B, A>): Call;
export function defineCall(call: Call): Call {
  return call;
}
