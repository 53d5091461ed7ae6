import type { Call } from './call.ts';
import type { ProblemCode } from './problem.ts';

const ANY: ProblemCode[] = [
  'validation_failed',
  'host_not_allowed',
  'rate_limited',
  'internal_error',
  'database_unavailable',
];
const WITH_BODY: ProblemCode[] = ['too_large', 'unsupported_media_type'];
const WITH_KEY: ProblemCode[] = [
  'unauthenticated',
  'key_expired',
  'address_not_allowed',
  'scope_missing',
  'origin_not_allowed',
];
const WITH_IDEMPOTENCY: ProblemCode[] = ['idempotency_key_reused', 'idempotency_in_progress'];

/** Every problem that a call may answer: its own, and those of everything that a request passes on its way to it. */
export function documentedProblems({ method, access, params, rawBody, problems = [] }: Call): Set<ProblemCode> {
  const hasKey = access !== 'public';
  return new Set([
    ...ANY,
    ...(method === 'get' ? [] : WITH_BODY),
    ...(method === 'get' || rawBody ? [] : (['malformed_json'] as const)),
    ...(hasKey ? WITH_KEY : []),
    ...(hasKey && method === 'post' ? WITH_IDEMPOTENCY : []),
    ...(params ? (['not_found'] as const) : []),
    ...problems,
  ]);
}
