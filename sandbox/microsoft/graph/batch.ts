import type { HttpAnswer } from '../../http-answer.ts';
import { json } from './answers.ts';
import { MAILBOX_CONCURRENCY } from './mailbox-gate.ts';
import type { Graph, GraphRequest } from './request.ts';

const MOST_REQUESTS = 20;

interface BatchPart {
  readonly id: string;
  readonly request: GraphRequest;
}

/** The parts of a batch, or the error. https://learn.microsoft.com/graph/json-batching */
export function parseBatch({ errors }: Graph, batch: GraphRequest): readonly BatchPart[] | HttpAnswer {
  const parts = requestsOf(batch.body);
  if (!parts) return errors.badRequest('Invalid batch payload format.');
  if (parts.length > MOST_REQUESTS) {
    return errors.badRequest(`Number of batch request steps exceeds the maximum value of ${MOST_REQUESTS}.`);
  }
  return parts.map(({ id = '', method = 'GET', url = '', headers = {}, body }) => {
    const { pathname, searchParams } = new URL(`http://graph/${String(url).replace(/^\/+/, '')}`);
    const named = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)] as const);
    const header = new Map(named);
    return {
      id: String(id),
      request: {
        method: String(method).toUpperCase(),
        path: pathname.slice(1),
        query: searchParams,
        authorization: header.get('authorization') ?? batch.authorization,
        prefer: header.get('prefer') ?? '',
        body: body === undefined ? '' : JSON.stringify(body),
      },
    };
  });
}

interface Step {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly url?: unknown;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

function requestsOf(body: string): readonly Step[] | undefined {
  try {
    const { requests } = JSON.parse(body) as { requests?: readonly Step[] };
    return Array.isArray(requests) && requests.length > 0 ? (requests as readonly Step[]) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a part of a batch finds a place at its mailbox: four of them work at a time. */
export function findsPlace(index: number, free: number): boolean {
  return index % MAILBOX_CONCURRENCY < free;
}

/** Each part's answer: JSON as it is, anything else in base64. */
export function batchAnswer(answers: readonly { readonly id: string; readonly answer: HttpAnswer }[]): HttpAnswer {
  const responses = answers.map(({ id, answer }) => ({
    id,
    status: answer.status,
    headers: answer.headers,
    ...(answer.bytes ? { body: answer.bytes.toString('base64') } : {}),
    ...(!answer.bytes && answer.body !== '' ? { body: JSON.parse(answer.body) as unknown } : {}),
  }));
  return json(200, { responses });
}
