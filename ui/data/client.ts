import type { ProblemDetails } from '../../api/schemas/problem.ts';

/** RFC 9457 problem details; a proxy in between may answer with less than Mooring does. */
export type Problem = Pick<ProblemDetails, 'status' | 'title' | 'detail' | 'code'> & Partial<ProblemDetails>;

/** The server said no, or did not answer (`code` is then `mooring_unreachable`, `status` 0). */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail || problem.title);
    this.name = 'ProblemError';
    this.problem = problem;
  }
}

let serverAheadMs = 0;

/** The server's time as well as this browser knows it: laptops' clocks are wrong more often than ours. */
export function serverNow(): number {
  return Date.now() + serverAheadMs;
}

/** Calls Mooring with the session cookie. Throws `ProblemError`; answers `undefined` for 204. */
export async function call<T>(
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<T> {
  const response = await send(method, path, body);
  noteServerTime(response.headers.get('date'));
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  const json = parse(text);
  if (!response.ok) throw new ProblemError(problemOf(response.status, json));
  if (json === undefined) throw new ProblemError(problemOf(response.status, undefined));
  return json as T;
}

export function getPage(path: string, parameters: Record<string, string | number | null | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== '') query.set(name, String(value));
  }
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

async function send(method: string, path: string, body: unknown): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  try {
    return await fetch(path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      credentials: 'same-origin',
    });
  } catch {
    throw new ProblemError({
      status: 0,
      code: 'mooring_unreachable',
      title: 'Mooring does not answer',
      detail: 'Mooring does not answer. It is tried again by itself.',
      retryable: true,
    });
  }
}

function problemOf(status: number, json: unknown): Problem {
  const given = typeof json === 'object' && json !== null ? (json as Partial<Problem>) : {};
  return {
    ...given,
    status,
    code: given.code ?? `http_${status}`,
    title: given.title ?? 'That did not work',
    detail: given.detail ?? `Mooring answered with status ${status} and no explanation.`,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The `Date` header has whole seconds, so a difference below three is not one. */
function noteServerTime(date: string | null): void {
  const theirs = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(theirs)) return;
  const ahead = theirs + 500 - Date.now();
  serverAheadMs = Math.abs(ahead) < 3_000 ? 0 : ahead;
}
