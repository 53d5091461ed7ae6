import { ACCESS_TYPES } from '../../domain/access-type.ts';
import type { BuiltInAccessType } from '../../domain/access-type.ts';

const LABELS: Record<BuiltInAccessType, string> = {
  gmail: 'Gmail',
  microsoft: 'Microsoft 365',
  exchange: 'Exchange',
  imap: 'IMAP',
  salesforce: 'Salesforce',
};

/** What people call an access type, also one that is no longer configured; a file's has its name. */
export function accessLabel(accessType: string): string {
  const builtIn = ACCESS_TYPES.find((type) => type === accessType);
  return builtIn ? LABELS[builtIn] : accessType;
}
