import { IMPORT_MODES, isBuiltIn } from '../../domain/access-type.ts';
import type { AccessType, ImportMode } from '../../domain/access-type.ts';
import type { ApiContext } from '../api-context.ts';
import { Problem } from '../http/problem.ts';

/** Whether an access type is without import; one of a file is so also where the server lacks the file. */
export const importsNothing = ({ providers }: Pick<ApiContext, 'providers'>, accessType: AccessType): boolean =>
  !isBuiltIn(accessType) || providers.get(accessType)?.capabilities.importsNothing === true;

/**
 * Refuses importing for access types of which nothing can be imported. Throws `Problem`.
 * @param mode left out: an import, or messages from before the connection
 */
export function refuseWithoutImport(
  context: Pick<ApiContext, 'providers'>,
  accessTypes: readonly AccessType[],
  mode?: ImportMode,
): void {
  if (mode === 'off') return;
  const without = accessTypes.filter((accessType) => importsNothing(context, accessType));
  if (without.length === 0) return;
  const others = IMPORT_MODES.filter((one) => one !== 'off').join(' and ');
  const detail = `Nothing is imported from accounts of ${without.join(', ')}: \`import\` is off, ${others} are refused`;
  throw new Problem('import_not_supported', detail);
}
