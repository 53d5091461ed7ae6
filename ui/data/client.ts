import type { ProblemDetails } from '../../api/schemas/problem.ts';
import { forgetKey, keyFor } from './repeatable.ts';
import { NoAnswer, send } from './request.ts';
import type { Silence } from './request.ts';

/** RFC 9457 problem details; a proxy in between may answer with less than Mooring does. */
export type Problem = Pick<ProblemDetails, 'status' | 'title' | 'detail' | 'code'> & Partial<ProblemDetails>;

/** The server said no, or did not answer (`status` is then 0). */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail || problem.title);
    this.name = 'ProblemError';
    this.problem = problem;
  }
}

/** No answer came, so the outcome is not known. */
export function isSilence(error: unknown): error is ProblemError {
  return error instanceof ProblemError && error.problem.status === 0;
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
  const text = body === undefined ? null : JSON.stringify(body);
  // Calls outside of the API take no key: a link is used up by one sign-in, and a repeated call uses up no other.
  if (method !== 'POST' || !path.startsWith('/v1/')) return answerTo<T>(method, path, text);
  const asked = `${path} ${text}`;
  return callOnce<T>(asked, { path, text, key: keyFor(asked) });
}

/** A repeated POST may meet the first one at work, whose answer is then waited for. */
async function callOnce<T>(
  asked: string,
  { path, text, key }: { path: string; text: string | null; key: string },
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      const answer = await answerTo<T>('POST', path, text, key);
      forgetKey(asked);
      return answer;
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      const { status, code } = error.problem;
      if (code === 'idempotency_in_progress' && tries < IN_PROGRESS_TRIES) {
        await new Promise((resolve) => window.setTimeout(resolve, IN_PROGRESS_MS));
        continue;
      }
      if (status > 0 && status < 500 && code !== 'idempotency_in_progress') forgetKey(asked);
      throw error;
    }
  }
}

const IN_PROGRESS_MS = 1_000;
const IN_PROGRESS_TRIES = 30;

async function answerTo<T>(method: string, path: string, body: string | null, key?: string): Promise<T> {
  const headers = {
    accept: 'application/json',
    ...(body !== null && { 'content-type': 'application/json' }),
    ...(key !== undefined && { 'idempotency-key': key }),
  };
  const { response, text } = await send(method, path, { headers, body }).catch((error: unknown) => {
    throw error instanceof NoAnswer ? new ProblemError(silenceOf(method, error.code)) : error;
  });
  noteServerTime(response.headers.get('date'));
  if (response.status === 204) return undefined as T;
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

function silenceOf(method: string, code: Silence): Problem {
  const title = code === 'offline' ? 'You are offline' : 'Mooring does not answer';
  const detail =
    method === 'GET'
      ? 'What you see may be old. This page asks again by itself.'
      : 'Nothing here says whether it was done. Please try again once the connection is back; nothing is done twice.';
  return { status: 0, code, title, detail, retryable: true };
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
