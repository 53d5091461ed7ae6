import type { QuarantineKey, Quarantined } from '../../db/imports/quarantine.ts';
import type { QuarantinedMessage } from '../schemas/quarantine.ts';

/** One message in quarantine as the API shows it. */
export function presentQuarantined(row: Quarantined): QuarantinedMessage {
  return {
    id: quarantineId(row),
    import: row.importId,
    provider_id: row.providerId,
    folder: row.folder,
    reason: row.reason,
    error: row.lastError,
    tries: row.tries,
    since: row.since.toISOString(),
    replaying: row.replaying,
  };
}

/** A provider's id is unique in its folder only, so the whole key makes the id; opaque to readers. */
export function quarantineId({ importId, scope, generation, providerId }: QuarantineKey): string {
  return Buffer.from(JSON.stringify([importId, scope, generation, providerId])).toString('base64url');
}

/** null when the text is no such id. */
export function parseQuarantineId(id: string): QuarantineKey | null {
  try {
    const parts: unknown = JSON.parse(Buffer.from(id, 'base64url').toString());
    if (!Array.isArray(parts) || parts.length !== 4 || !parts.every(isText)) return null;
    const [importId = '', scope = '', generation = '', providerId = ''] = parts;
    return { importId, scope, generation, providerId };
  } catch {
    return null;
  }
}

const isText = (part: unknown): part is string => typeof part === 'string' && !part.includes('\0');
