import type { Context } from '../context.ts';
import type { CredentialRow } from '../db/credentials.ts';
import { abandonAttempt, markSent, renewLease, storeAnswer } from '../db/refresh-attempts.ts';
import type { AccessType } from '../domain/access-type.ts';
import { Secret } from '../domain/secret.ts';
import type { OAuthAdapter, RawAnswer } from '../providers/provider.ts';

/** More than this between taking the lease and writing the socket: we were stopped, and somebody may have taken over. */
const MAX_PAUSE_MS = 5_000;
/** How long a refresher holds its lease, in ms; it is renewed while it works. A dead one is noticed after this. */
export const LEASE_MS = 15_000;
const RENEW_EVERY_MS = 5_000;
/** A rotating call is not cut short: the answer may be on its way (security-and-reliability.md 2.2). */
const TOKEN_TIMEOUT_MS = 60_000;

interface Sending {
  accessType: AccessType;
  tenantId: string;
  channelId: string;
  attemptId: string;
  credential: CredentialRow;
}

/**
 * Steps 2 and 3: marks the attempt sent, writes the socket, seals and stores the raw answer. Throws `ProviderError`
 * when no answer came. `taken_over`: nothing was sent.
 */
export async function sendRefresh(context: Context, sending: Sending): Promise<'answered' | 'taken_over'> {
  const oauth = oauthOf(context, sending.accessType);
  const refreshToken = await openRefreshToken(context, sending);
  if (!(await claimSending(context, sending))) return 'taken_over';
  const answer = await whileRenewing(context, sending, (signal) => oauth.refreshRequest(refreshToken, signal));
  await keepAnswer(context, sending, answer);
  return 'answered';
}

async function openRefreshToken(context: Context, { tenantId, channelId, credential }: Sending): Promise<Secret> {
  return context.vault.open(credential.sealedSecret, {
    tenant: tenantId,
    owner: channelId,
    kind: 'refresh_secret',
    version: credential.secretVersion,
  });
}

/**
 * Marks the attempt sent, and checks with the monotonic clock that this process was not stopped meanwhile: a process
 * that sleeps between the mark and the socket would spend a token that a successor has spent already.
 */
async function claimSending(context: Context, { tenantId, attemptId }: Sending): Promise<boolean> {
  const startedAt = performance.now();
  const now = await context.clock.now();
  const marked = await context.database.inTenant(tenantId, (tx) => markSent(tx, attemptId, now));
  if (marked && performance.now() - startedAt <= MAX_PAUSE_MS) return true;
  if (marked) await context.database.inTenant(tenantId, (tx) => abandonAttempt(tx, attemptId, now));
  return false;
}

/** Runs the request under its timeout, and shows every five seconds in the lease that we live. */
async function whileRenewing(
  context: Context,
  { tenantId, channelId, attemptId }: Sending,
  request: (signal: AbortSignal) => Promise<RawAnswer>,
): Promise<RawAnswer> {
  const renew = async () => {
    const leaseUntil = new Date((await context.clock.now()).getTime() + LEASE_MS);
    await context.database.inTenant(tenantId, (tx) => renewLease(tx, channelId, attemptId, leaseUntil));
  };
  // A renewal that fails loses the lease at worst; the answer is kept all the same.
  const timer = setInterval(() => void renew().catch(() => {}), RENEW_EVERY_MS);
  try {
    return await request(AbortSignal.timeout(TOKEN_TIMEOUT_MS));
  } finally {
    clearInterval(timer);
  }
}

/** Seals and stores the raw answer before anything else is done with it, also when the lease is lost (rule 4). */
async function keepAnswer(context: Context, sending: Sending, answer: RawAnswer): Promise<void> {
  const { tenantId, channelId, attemptId, credential } = sending;
  const text = new Secret(JSON.stringify({ ...answer, body: answer.body.reveal() }));
  const sealed = await context.vault.seal(text, {
    tenant: tenantId,
    owner: channelId,
    kind: 'token_answer',
    version: credential.version,
  });
  const now = await context.clock.now();
  await context.database.inTenant(tenantId, (tx) => storeAnswer(tx, attemptId, sealed, now));
}

/** The channel's OAuth adapter; a channel whose client is no longer configured is the operator's to mend. */
export function oauthOf(context: Context, accessType: AccessType): OAuthAdapter {
  const oauth = context.providers.get(accessType)?.oauth;
  if (!oauth) throw new Error(`No OAuth client is configured for ${accessType}`);
  return oauth;
}
