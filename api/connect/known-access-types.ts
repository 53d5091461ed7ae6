import { ACCESS_TYPES, isBuiltIn } from '../../domain/access-type.ts';
import type { AccessType } from '../../domain/access-type.ts';
import type { ApiContext } from '../api-context.ts';
import { Problem } from '../http/problem.ts';

/**
 * Refuses a name that is an access type of no release and of no file here. A built-in one may lack its configuration, which
 * is another problem. Throws `Problem`.
 * @param field the field of the body, with one access type or a list
 */
export function requireKnown(
  { providers }: Pick<ApiContext, 'providers'>,
  field: string,
  given: AccessType | readonly AccessType[] | null | undefined,
): void {
  const names = typeof given === 'string' ? [given] : (given ?? []);
  const wrong = names.findIndex((name) => !isBuiltIn(name) && !providers.has(name));
  if (wrong === -1) return;
  const path = typeof given === 'string' ? field : `${field}.${wrong}`;
  const message = `expected one of ${[...new Set([...ACCESS_TYPES, ...providers.keys()])].join(', ')}`;
  throw new Problem('validation_failed', `In the body: ${path}: ${message}`, {
    errors: [{ in: 'body', path, message }],
  });
}
