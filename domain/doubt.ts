import { parseRotation } from './rotation.ts';
import { leastLifeMs } from './schedule.ts';

/** An answer may take this long to come; a grace that ends sooner is over, in ms. */
const GRACE_MARGIN_MS = 5_000;

/** A refresh token that was sent, and whose answer never came. */
export interface Doubt {
  sentAt: Date;
  /** The marked second use, too, stayed without an answer. */
  probed: boolean;
}

/** What a probe puts at risk: the access token that still serves. */
export interface DoubtedCredential {
  /** As `rotationText` writes it. */
  rotation: string;
  /** Both null for a password. */
  issuedAt: Date | null;
  expiresAt: Date | null;
  accessTokenRefusedAt: Date | null;
}

/**
 * When a token that was sent without an answer is sent again as the marked probe; null when nothing is in doubt, or
 * the rotation allows a plain second use.
 *
 * A second use under strict rotation may destroy the grant, and with it the access token that still serves. So the
 * first probe waits until that token is nearly spent. When the probe's own answer is lost too, further ones wait until
 * the access token has ended, and then cost nothing: either the grant is dead already, or the provider never saw us,
 * and giving up would send a person to sign in for an outage of the network.
 */
export function probeTime(credential: DoubtedCredential | null, doubt: Doubt | null, now: Date): Date | null {
  if (!credential || !doubt) return null;
  const { issuedAt, expiresAt, accessTokenRefusedAt } = credential;
  if (isRepeatable(credential, doubt, now)) return null;
  if (!expiresAt || !issuedAt || accessTokenRefusedAt) return new Date(0);
  if (doubt.probed) return expiresAt;
  const lifeMs = expiresAt.getTime() - issuedAt.getTime();
  return new Date(expiresAt.getTime() - 2 * leastLifeMs(lifeMs));
}

/** Whether a token that was sent once without an answer may simply be sent again. */
function isRepeatable(credential: DoubtedCredential, { sentAt }: Doubt, now: Date): boolean {
  const rotation = parseRotation(credential.rotation);
  switch (rotation.mode) {
    case 'none':
    case 'tolerant':
      return true;
    case 'grace':
      return now.getTime() < sentAt.getTime() + rotation.graceSeconds * 1000 - GRACE_MARGIN_MS;
    case 'strict':
    case 'unproven':
      return false;
  }
}
