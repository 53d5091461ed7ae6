import { takeTurn } from '../../../domain/limits/turns.ts';

/*
 * A folder's name is bytes, here one character per byte (latin1): the server is asked with exactly what LIST gave. It
 * should be modified UTF-7 (RFC 3501 section 5.1.3); servers also send `R&D`, UTF-8 and older charsets as they are.
 */

/** Marks the scope of a folder whose name no text stands for: a text could be another folder's name. */
const BY_BYTES = '=bytes:';

/** The name for people, always valid text: modified UTF-7, else UTF-8, else the bytes as latin1. */
export function shownName(wire: string): string {
  if (isInbox(wire)) return 'INBOX';
  return (decodeModifiedUtf7(wire) ?? decodeUtf8(wire) ?? wire).replaceAll('\0', '\uFFFD');
}

/**
 * The scopes of listed folders, by name: the decoded name where encoding it gives the same bytes again. Other names
 * have it only where no folder of this listing is called so, and the rest is known by its bytes. A folder keeps its
 * scope as long as it has its name: with another one its cursor would be lost.
 */
export async function scopesOf(
  folders: readonly { wire: string; delimiter: string | null }[],
): Promise<Map<string, string>> {
  const scopes = new Map<string, string>();
  const taken = new Set<string>();
  const take = (wire: string, scope: string) => {
    scopes.set(wire, scope);
    taken.add(scope);
  };
  for (const { wire, delimiter } of folders) {
    await takeTurn();
    const text = exactText(wire);
    if (text !== null && !startsWith(text, delimiter)) take(wire, text);
  }
  for (const { wire, delimiter } of folders) {
    if (scopes.has(wire)) continue;
    await takeTurn();
    const text = exactText(wire) ?? (wire.includes('&') ? null : decodeUtf8(wire));
    const scope = text === null || !startsWith(text, delimiter) ? text : text.slice(1);
    const isFree = scope !== null && scope !== '' && !taken.has(scope) && !isSpecial(scope);
    take(wire, isFree ? scope : BY_BYTES + Buffer.from(wire, 'latin1').toString('base64url'));
  }
  return scopes;
}

/** The bytes that a scope stands for where no listing has told them. */
export function wireOf(scope: string): string {
  if (!scope.startsWith(BY_BYTES)) return encodeModifiedUtf7(scope);
  return Buffer.from(scope.slice(BY_BYTES.length), 'base64url').toString('latin1');
}

export function isInbox(name: string): boolean {
  return name.toUpperCase() === 'INBOX';
}

/** Some servers put a delimiter before every name. */
const startsWith = (text: string, delimiter: string | null) => delimiter !== null && text.startsWith(delimiter);

const isSpecial = (text: string) => text.startsWith(BY_BYTES) || text.includes('\0');

function exactText(wire: string): string | null {
  if (isInbox(wire)) return 'INBOX';
  const text = decodeModifiedUtf7(wire);
  return text === null || isSpecial(text) || encodeModifiedUtf7(text) !== wire ? null : text;
}

/** null: it is not modified UTF-7. */
function decodeModifiedUtf7(wire: string): string | null {
  if (!/^(?:[^&\u0080-\u00ff]|&[A-Za-z0-9+,]*-)*$/.test(wire)) return null;
  let isValid = true;
  const text = wire.replaceAll(/&([A-Za-z0-9+,]*)-/g, (_run, base64: string) => {
    if (base64 === '') return '&';
    const utf16 = Buffer.from(base64.replaceAll(',', '/'), 'base64');
    if (utf16.length === 0 || utf16.length % 2 !== 0) isValid = false;
    return isValid ? utf16.swap16().toString('utf16le') : '';
  });
  return isValid && text.isWellFormed() ? text : null;
}

function encodeModifiedUtf7(text: string): string {
  return text.replaceAll(/&|[^\x20-\x7e]+/g, (run) => {
    if (run === '&') return '&-';
    const base64 = Buffer.from(run, 'utf16le').swap16().toString('base64');
    return `&${base64.replaceAll('/', ',').replaceAll('=', '')}-`;
  });
}

/** null: it is not UTF-8. */
function decodeUtf8(wire: string): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(wire, 'latin1'));
  } catch {
    return null;
  }
}
