import { createHash } from 'node:crypto';

/** What the fingerprint of a message with a Message-ID begins with. */
export const HEADER_FINGERPRINT = 'm:';

/** @param identity what its header fields say (`fingerprintText`) */
export function headerFingerprint(identity: string): string {
  return `${HEADER_FINGERPRINT}${createHash('sha256').update(identity).digest('hex')}`;
}
