import { claimRevocation, endRevocation } from '../db/across-tenants/grants.ts';
import type { Claim } from '../db/across-tenants/grants.ts';
import { ProviderError } from '../domain/verdict.ts';
import type { OAuthAdapter } from '../providers/contract.ts';
import type { Context } from '../runtime/context.ts';

const CALL_TIMEOUT_MS = 20_000;
/** A process that was stopped for longer between the claim and the call sends nothing. */
const MAX_PAUSE_MS = 5_000;
/** Longer than both: a call of a process that died has ended by then. */
const CLAIMED_MS = 30_000;

/** What is revoked, by a token of it. */
export interface Revoked {
  oauth: OAuthAdapter;
  grantKey: string;
  grant: Parameters<OAuthAdapter['revoke']>[0];
}

/**
 * Revokes a grant, unless others rest on it. A sign-in of the grant commits before the claim, which then is `shared`, or its
 * tokens may be revoked with the grant: it is refused (`storeSignIn`), and the person signs in once more.
 * @param claim decides in a transaction that holds the grant
 */
export async function revokeGrant(
  context: Context,
  { oauth, grantKey, grant }: Revoked,
  { claim, timeoutMs = CALL_TIMEOUT_MS }: { claim: (until: Date) => Promise<Claim>; timeoutMs?: number },
): Promise<'done' | 'shared' | 'failed'> {
  const startedAtMs = performance.now();
  const claimed = await claim(new Date((await context.clock.now()).getTime() + CLAIMED_MS));
  if (claimed === 'shared') return 'shared';
  if (performance.now() - startedAtMs > MAX_PAUSE_MS) return 'failed';
  try {
    await oauth.revoke(grant, AbortSignal.timeout(timeoutMs));
    return 'done';
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return error.verdict.kind === 'reauth_required' ? 'done' : 'failed';
  } finally {
    if (claimed.until) await end(context, grantKey, claimed.until);
  }
}

/** The same for a grant that no row of a former access stands for. */
export function revokeUnlessShared(
  context: Context,
  revoked: Revoked,
  { timeoutMs, ...except }: { channelId?: string; timeoutMs?: number } = {},
): Promise<'done' | 'shared' | 'failed'> {
  const claim = (until: Date) => claimRevocation(context.database, revoked.grantKey, { except, until });
  return revokeGrant(context, revoked, { claim, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
}

/** Without it sign-ins of the grant are refused until the claim's time is over. */
async function end(context: Context, grantKey: string, claimed: Date): Promise<void> {
  try {
    const now = await context.clock.now();
    await endRevocation(context.database, grantKey, { claimed, now });
  } catch (error) {
    context.logger.warn(
      { err: error },
      'The end of a revocation was not stored; sign-ins of the grant wait for its time',
    );
  }
}
