import type { Context } from '../runtime/context.ts';
import { lockChannel, updateChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import { passwordRetryAt } from '../domain/backoff.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { ChannelAccess } from './access.ts';

/*
 * A refused password that had worked is tried again by itself, three times within a day: servers refuse right passwords
 * while they are in trouble. The row has the one budget of these tries. Nothing else logs in meanwhile: polls, imports and
 * held connections wait for a person, and a confirmation comes before the refusal is believed.
 */

/**
 * Whether the refused password may be tried now. The try is counted and the next one planned before the login, so a
 * process that dies in between makes none of them twice.
 */
export async function beginPasswordTry(context: Context, { channel, credential }: ChannelAccess): Promise<boolean> {
  const now = (await context.clock.now()).getTime();
  return context.database.inTenant(channel.tenantId, async (tx) => {
    const row = await lockChannel(tx, channel.id);
    const retries = row?.passwordRetries;
    if (!row || !retries || row.status !== 'reauth_required' || row.pausedAt !== null) return false;
    if (row.credentialVersion !== credential.version) return false;
    if (retries.nextAt === null || retries.nextAt > now) return false;
    const tries = retries.tries + 1;
    const nextAt = passwordRetryAt(row.id, { tries, refusedAt: row.statusSince.getTime(), now });
    await updateChannel(tx, row.id, { passwordRetries: { tries, nextAt, tryingSince: now } });
    return true;
  });
}

/** The row's values once a try has ended, with either result. */
export function afterPasswordTry({ passwordRetries }: ChannelRow): Pick<Partial<ChannelRow>, 'passwordRetries'> {
  return passwordRetries ? { passwordRetries: { ...passwordRetries, tryingSince: null } } : {};
}

/** The tries after a believed refusal of a password: planned once, gone on with after a pause, none after a lock-out. */
export function passwordRetriesAfter(
  row: ChannelRow,
  { lockedOut }: Verdict,
  now: Date,
): Pick<Partial<ChannelRow>, 'passwordRetries'> {
  const known = row.passwordRetries ?? { tries: 0, nextAt: null, tryingSince: null };
  if (lockedOut || row.lockedOutAt !== null) return { passwordRetries: { ...known, nextAt: null } };
  if (row.status === 'reauth_required') return {};
  const at = now.getTime();
  const nextAt = passwordRetryAt(row.id, { tries: known.tries, refusedAt: at, now: at });
  return { passwordRetries: { ...known, nextAt } };
}

/** Notes a lock-out, which a verdict of any call may show: the account's password is not retried from then on. */
export function lockOutOf(row: ChannelRow, { lockedOut }: Verdict, now: Date): Partial<ChannelRow> {
  if (!lockedOut) return {};
  const { passwordRetries } = row;
  return { lockedOutAt: now, ...(passwordRetries ? { passwordRetries: { ...passwordRetries, nextAt: null } } : {}) };
}

/** The same for a call whose verdict is not settled otherwise. */
export async function noteLockOut(
  context: Context,
  { tenantId, channelId }: { tenantId: string; channelId: string },
  verdict: Verdict,
): Promise<void> {
  if (!verdict.lockedOut) return;
  const now = await context.clock.now();
  await context.database.inTenant(tenantId, async (tx) => {
    const row = await lockChannel(tx, channelId);
    if (row) await updateChannel(tx, channelId, lockOutOf(row, verdict, now));
  });
}
