import { setTimeout as sleep } from 'node:timers/promises';
import type { Response } from 'express';
import type { Condition } from './conditions.ts';
import type { OpenRequest } from './request-log.ts';

/** A whole answer, made before the first byte of it leaves. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** In place of the body, where it is no text. */
  readonly bytes?: Buffer;
  /** Writes the body, and ends it, where it comes bit by bit. */
  readonly stream?: (response: Response) => void;
}

/** How a provider words what can happen to any of its requests. */
export interface TransportAnswers {
  unavailable(httpStatus: number): HttpAnswer;
  rateLimited(retryAfterS: number): HttpAnswer;
  rubbish(): HttpAnswer;
}

/** The conditions that `answerUnder` acts out; the others are the provider's own business. */
export const TRANSPORT_FAULTS = [
  'slow',
  'unavailable',
  'rate_limited',
  'rubbish',
  'cut_connection',
  'lost_response',
] as const;

const DEFAULT_SLOW_MS = 3000;
export const DEFAULT_RETRY_AFTER_S = 30;

/**
 * Answers one request under the conditions that hold for it. `act` does what was asked and journals it, all at once;
 * it runs after a `slow` wait, so a token's life starts then, and not at all where the request never got that far.
 * An answer that is cut off keeps `status: null` in the log: it never left.
 */
export async function answerUnder(
  held: ReadonlyMap<string, Condition>,
  { response, request, transport }: { response: Response; request: OpenRequest; transport: TransportAnswers },
  act: () => HttpAnswer | Promise<HttpAnswer>,
): Promise<void> {
  const cutAfter = held.get('cut_connection') ? (held.get('cut_connection')?.after ?? 'request') : undefined;
  if (cutAfter === 'request') return void response.destroy();
  const slow = held.get('slow');
  if (slow) await sleep(slow.ms ?? DEFAULT_SLOW_MS, undefined, { ref: false });
  const answer = transportAnswer(held, transport) ?? (await act());
  if (cutAfter === 'processing' || held.has('lost_response')) return void response.destroy();
  request.answered(answer.status);
  if (answer.stream) {
    response.writeHead(answer.status, answer.headers);
    return answer.stream(response);
  }
  const body = answer.bytes ?? answer.body;
  const length = answer.status === 204 ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  response.writeHead(answer.status, { ...answer.headers, ...length }).end(body);
}

function transportAnswer(held: ReadonlyMap<string, Condition>, transport: TransportAnswers): HttpAnswer | undefined {
  const unavailable = held.get('unavailable');
  if (unavailable) return transport.unavailable(unavailable.http_status ?? 503);
  const limited = held.get('rate_limited');
  if (limited) return transport.rateLimited(limited.retry_after_s ?? DEFAULT_RETRY_AFTER_S);
  return held.has('rubbish') ? transport.rubbish() : undefined;
}
