import type { CredentialRow } from '../db/credentials/credentials.ts';
import type { Transaction } from '../db/client.ts';
import { findDoubt } from '../db/credentials/refresh-attempts.ts';
import type { Doubt, RefreshAttemptRow } from '../db/credentials/refresh-attempts.ts';
import { leastLifeMs } from '../domain/schedule.ts';
import { parseRotation } from '../domain/rotation.ts';

/** An answer may take this long to come; a grace that ends sooner is over, in ms. */
const GRACE_MARGIN_MS = 5_000;

/**
 * When a token that was sent without an answer is sent again as the marked probe; null when nothing is in doubt, or
 * the rotation allows a plain second use.
 *
 * A second use under strict rotation may destroy the grant, and with it the access token that still serves. So the
 * first probe waits until that token is nearly spent. When the probe's own answer is lost too, further ones wait until
 * the access token has ended, and then cost nothing: either the grant is dead already, or the provider never saw us,
 * and giving up would send a person to sign in for an outage of the network.
 */
export async function findProbeTime(tx: Transaction, credential: CredentialRow, now: Date): Promise<Date | null> {
  const doubt = await findDoubt(tx, credential);
  return probeTime(credential, doubt, now);
}

/** The same from a doubt that was read before. */
export function probeTime(credential: CredentialRow | null, doubt: Doubt | null, now: Date): Date | null {
  if (!credential || !doubt) return null;
  if (isRepeatable(credential, doubt.attempt, now)) return null;
  if (!credential.expiresAt || !credential.issuedAt || credential.accessTokenRefusedAt) return new Date(0);
  if (doubt.probed) return credential.expiresAt;
  const lifeMs = credential.expiresAt.getTime() - credential.issuedAt.getTime();
  return new Date(credential.expiresAt.getTime() - 2 * leastLifeMs(lifeMs));
}

/** Whether a token that was sent once without an answer may simply be sent again. */
function isRepeatable(credential: CredentialRow, unknown: RefreshAttemptRow, now: Date): boolean {
  const rotation = parseRotation(credential.rotation);
  switch (rotation.mode) {
    case 'none':
    case 'tolerant':
      return true;
    case 'grace': {
      const sentAtMs = (unknown.sentAt ?? unknown.startedAt).getTime();
      return now.getTime() < sentAtMs + rotation.graceSeconds * 1000 - GRACE_MARGIN_MS;
    }
    case 'strict':
    case 'unproven':
      return false;
  }
}
