import { ACCESS_TYPES, isBuiltIn } from '../../domain/access-type.ts';
import type { AccessType } from '../../domain/access-type.ts';
import type { ApiContext } from '../api-context.ts';
import { Problem } from '../http/problem.ts';

/** False for a name that is an access type of no release and of no file here. */
export const isKnown = ({ providers }: Pick<ApiContext, 'providers'>, name: AccessType): boolean =>
  isBuiltIn(name) || providers.has(name);

/**
 * Refuses a name that is not known. A built-in one may lack its configuration, which is another problem. Throws `Problem`.
 * @param field the field, with one access type or a list
 */
export function requireKnown(
  context: Pick<ApiContext, 'providers'>,
  field: string,
  given: AccessType | readonly AccessType[] | null | undefined,
  within: 'body' | 'query' = 'body',
): void {
  const names = typeof given === 'string' ? [given] : (given ?? []);
  const wrong = names.findIndex((name) => !isKnown(context, name));
  if (wrong === -1) return;
  const path = typeof given === 'string' ? field : `${field}.${wrong}`;
  const message = `expected one of ${[...new Set([...ACCESS_TYPES, ...context.providers.keys()])].join(', ')}`;
  throw new Problem('validation_failed', `In the ${within}: ${path}: ${message}`, {
    errors: [{ in: within, path, message }],
  });
}
