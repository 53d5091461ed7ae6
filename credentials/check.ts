import type { Context } from '../runtime/context.ts';
import { waitsUntil } from '../domain/backoff.ts';
import { lockChannel, updateChannel } from '../db/channels/channels.ts';
import { clearTokenRefused, notifyReaders } from '../db/credentials/credentials.ts';
import type { CredentialRow } from '../db/credentials/credentials.ts';
import { findClientIncidents } from '../db/incidents/wider.ts';
import { maskAccount } from '../domain/redaction/mask-address.ts';
import { freshLifeMs } from '../domain/schedule.ts';
import { ProviderError } from '../domain/verdict.ts';
import { inTime } from '../domain/limits/in-time.ts';
import { forgetRefusedVersion } from '../db/channels/held-connections.ts';
import { openChannelSession, readAccess } from './access.ts';
import type { ChannelAccess } from './access.ts';
import { recordRefusal, recordSuccess } from './outcomes.ts';
import { afterPasswordTry, beginPasswordTry } from './password-tries.ts';
import { refreshCredential } from './refresh.ts';
import { closing } from './session.ts';
import { becomeCanary, canaryToWaitFor } from './canary.ts';

const CHECK_TIMEOUT_MS = 20_000;

/** The outcome of one real call to the provider. */
export interface CheckAnswer {
  ok: boolean;
  /** In words for a person, the account's names masked: a history holds it. null when it was refused. */
  proved: string | null;
}

interface CheckInput {
  tenantId: string;
  channelId: string;
  /** A person asks whether the channel works again: a grant that the token endpoint refused is tried too. */
  asked?: boolean;
}

const REFUSED: Tried = { ok: false, proved: null };

/**
 * Verifies a channel with one real call, and settles a reported failure: when the provider refuses the access token,
 * it is refreshed once and the call repeated, so that only the token endpoint decides about a sign-in (rule 5).
 */
export async function checkChannel(context: Context, input: CheckInput): Promise<CheckAnswer> {
  const { tenantId, channelId, asked = false } = input;
  const startedAt = await context.clock.now();
  let answer = await tryOnce(context, input);
  if (answer === 'needs_refresh') {
    answer = (await refreshOnce(context, input)) ? await tryOnce(context, input) : REFUSED;
  } else if (asked && answer.isGrantInTrouble && !(await refreshOnce(context, input))) {
    answer = REFUSED;
  }
  const { credential = null, ok, proved } = answer === 'needs_refresh' ? REFUSED : answer;
  await markChecked(context, { tenantId, channelId, startedAt, credential });
  return { ok, proved };
}

async function refreshOnce(context: Context, { tenantId, channelId }: CheckInput): Promise<boolean> {
  const access = await readAccess(context, tenantId, channelId);
  if (access === 'gone') return false;
  const { accessType } = access.channel;
  const { version } = access.credential;
  return (await refreshCredential(context, { tenantId, accessType, channelId, version })) === 'refreshed';
}

interface Tried extends CheckAnswer {
  /** The credential that just worked, as read before the call. */
  credential?: CredentialRow;
  /** The access token works although the token endpoint refused its grant. */
  isGrantInTrouble?: boolean;
}

async function tryOnce(context: Context, { tenantId, channelId, asked }: CheckInput): Promise<Tried | 'needs_refresh'> {
  const access = await readAccess(context, tenantId, channelId);
  if (access === 'gone') return REFUSED;
  if (!asked && access.channel.waitsFor !== null && (await waitsForOther(context, access))) return REFUSED;
  if (!asked && isRefusedPassword(access) && !(await beginPasswordTry(context, access))) return REFUSED;
  const credentialVersion = access.credential.version;
  try {
    const proved = await proveOnce(context, access);
    if (proved === 'needs_refresh') return proved;
    const row = await recordSuccess(context, { tenantId, channelId, credentialVersion, tried: 'access' });
    return { ok: true, proved, credential: access.credential, isGrantInTrouble: row?.trouble === 'credential' };
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    const { verdict } = error;
    await recordRefusal(context, { tenantId, channelId, credentialVersion, tried: 'access', verdict });
    return verdict.tokenRefused ? 'needs_refresh' : REFUSED;
  }
}

/** The provider refuses what our client asks of accounts, and another channel finds out when that ends. */
async function waitsForOther(context: Context, { channel, credential }: ChannelAccess): Promise<boolean> {
  const { oauthProvider } = credential;
  const now = await context.clock.now();
  const incident = await context.database.inTenant(channel.tenantId, async (tx) => {
    const open = await findClientIncidents(tx, channel.accessType);
    const found = canaryToWaitFor(context, open, { channel, oauthProvider, tried: 'access' });
    if (found) await updateChannel(tx, channel.id, { retryAt: waitsUntil(channel.id, now) });
    return found;
  });
  return incident !== null && !(await becomeCanary(context, incident, channel.id));
}

const isRefusedPassword = ({ channel, credential }: ChannelAccess) =>
  channel.status === 'reauth_required' && credential.kind === 'password';

/** Uses a reported access token too, because the check must find out whether the report is true. */
async function proveOnce(context: Context, access: ChannelAccess): Promise<string> {
  const credential = { ...access.credential, accessTokenRefusedAt: null };
  const { accountEmail: email, accountLogin: login, accessType } = access.channel;
  return inTime(accessType, CHECK_TIMEOUT_MS, async (signal) => {
    const session = await openChannelSession(context, { ...access, credential }, signal);
    if (session === 'needs_refresh') return session;
    return maskAccount(await closing(session, () => session.verify()), { email, login });
  });
}

interface Checked {
  tenantId: string;
  channelId: string;
  startedAt: Date;
  credential: CredentialRow | null;
}

/**
 * Answers the reports from before the check, with either result; reports within the next seconds get this time too. A
 * report during the check needs nothing more, and must not keep a proved token from being served.
 */
async function markChecked(context: Context, { tenantId, channelId, startedAt, credential }: Checked): Promise<void> {
  const now = await context.clock.now();
  await context.database.inTenant(tenantId, async (tx) => {
    const row = await lockChannel(tx, channelId);
    if (!row) return;
    const isLater = row.checkRequestedAt !== null && row.checkRequestedAt > startedAt;
    const isProved = credential !== null && !isLater;
    if (isProved) await clearTokenRefused(tx, channelId, credential.version);
    if (credential?.kind === 'password') await forgetRefusedVersion(tx, channelId);
    await updateChannel(tx, channelId, {
      checkedAt: now,
      ...afterPasswordTry(row),
      ...(isLater ? {} : { checkRequestedAt: null }),
      // Readers waited because of the report alone, and this very token is what they wait for. A proof of the grant is still
      // owed: the call has proved the access token, which may outlive it.
      ...(isProved && isFreshAndReported(credential, now) && row.proofRequestedAt === null
        ? { refreshRequestedAt: null }
        : {}),
    });
    await notifyReaders(tx, channelId);
  });
}

function isFreshAndReported({ accessTokenRefusedAt, issuedAt, expiresAt }: CredentialRow, now: Date): boolean {
  if (!accessTokenRefusedAt || !issuedAt || !expiresAt) return false;
  return expiresAt.getTime() - now.getTime() > freshLifeMs(expiresAt.getTime() - issuedAt.getTime());
}
