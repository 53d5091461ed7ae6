import type { Request, RequestHandler } from 'express';
import { text } from 'express';
import type { Condition } from './conditions.ts';
import type { HttpAnswer, TransportAnswers } from './http-answer.ts';
import { answerUnder } from './http-answer.ts';
import type { ProviderDeps, ProviderName } from './provider.ts';
import type { OpenRequest, RequestDetails, RequestKind } from './request-log.ts';

/** An HTTP endpoint of a provider: whose request it is, which faults can show in its answer, and the answer. */
export interface HttpEndpoint {
  readonly kind: RequestKind;
  readonly transport: TransportAnswers;
  /** Known from the request alone, refused or not. */
  details(request: Request): RequestDetails & { readonly email: string | null };
  faults(request: Request): readonly string[];
  /** The one message that it asks for. */
  message?(request: Request): string | null;
  /**
   * From the check to the change, the journal and the words of the answer it waits for nothing. A promise: it waits for
   * something else before that, such as its turn or the app's own answer.
   */
  answer(request: Request, held: ReadonlyMap<string, Condition>): HttpAnswer | Promise<HttpAnswer>;
}

const MAX_BODY = '50mb';

/** Logs the arrival before the body is read, so that what gets no further is in the log as well. */
export function endpointHandlers(deps: ProviderDeps, provider: ProviderName, endpoint: HttpEndpoint): RequestHandler[] {
  const arrive: RequestHandler = (request, response, next) => {
    const operation = `${request.method} ${request.path}`;
    response.locals['request'] = deps.requests.arrived(provider, endpoint.kind, { operation });
    next();
  };
  const answer: RequestHandler = async (request, response) => {
    const open = response.locals['request'] as OpenRequest;
    // Clients take the provider's time from here (RFC 9110 section 6.6.1): it is the sandbox's, however that is set.
    response.setHeader('Date', deps.clock.now().toUTCString());
    const details = endpoint.details(request);
    open.attribute(details);
    const of = { provider, kind: endpoint.kind, email: details.email, message: endpoint.message?.(request) };
    const held = deps.conditions.take(of, endpoint.faults(request));
    const channel = { response, request: open, transport: endpoint.transport };
    await answerUnder(held, channel, () => endpoint.answer(request, held));
  };
  return [arrive, text({ type: () => true, limit: MAX_BODY }), answer];
}

export function queryOf(request: Request): URLSearchParams {
  return new URL(request.originalUrl, 'http://sandbox').searchParams;
}

export function formOf(request: Request): URLSearchParams {
  return new URLSearchParams(bodyOf(request));
}

export function bodyOf(request: Request): string {
  const body: unknown = request.body;
  return typeof body === 'string' ? body : '';
}
