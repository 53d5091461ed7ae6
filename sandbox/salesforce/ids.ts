import { createHash, randomBytes } from 'node:crypto';

const LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const CHECKS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';

/** A new record id of 18 characters; the prefix says of which object. */
export function newId(prefix: string): string {
  return idOf(prefix, randomBytes(12));
}

/** The id of an organization: the same name is always the same organization. */
export function orgId(name: string): string {
  return idOf('00D', createHash('sha256').update(name.toLowerCase()).digest());
}

function idOf(prefix: string, bytes: Buffer): string {
  const letters = Array.from({ length: 15 - prefix.length }, (_, at) => LETTERS[(bytes[at] ?? 0) % LETTERS.length]);
  return withChecks(prefix + letters.join(''));
}

/** Three characters say which of the fifteen are capitals, for programs that fold case. */
function withChecks(id: string): string {
  const checks = [0, 5, 10].map((start) => {
    const bits = Array.from(id.slice(start, start + 5)).reduce(
      (sum, c, at) => sum + (/[A-Z]/.test(c) ? 1 << at : 0),
      0,
    );
    return CHECKS[bits];
  });
  return id + checks.join('');
}

/** Both forms of an id, of 15 and of 18 characters, are the same. */
export function shortId(id: string): string {
  return id.slice(0, 15);
}
