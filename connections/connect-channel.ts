import type { Context } from '../runtime/context.ts';
import { insertChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import { insertCredential } from '../db/credentials/credentials.ts';
import type { AsidePart } from '../credentials/heads.ts';
import { insertCursors } from '../db/imports/cursors.ts';
import { putPartsAside } from '../db/imports/parts-aside.ts';
import { refusedGapMs } from '../domain/backoff.ts';
import { insertEvent } from '../db/events/events.ts';
import { newId } from '../db/ids.ts';
import { queueImport } from '../db/imports/imports.ts';
import { accountKeyOf } from './account.ts';
import type { SignIn } from './sign-in.ts';
import { firstRefreshAt, newCredential } from './new-credential.ts';
import { earliestHead, endOfSecond, serverOf, submissionOf, usesOf } from './sign-in.ts';

/**
 * A new channel is connected at once: its credential was used and its cursors were taken before. null: of two sign-ins at
 * once, the other has made the channel.
 */
export async function connectChannel(
  context: Context,
  tx: Transaction,
  signIn: SignIn,
  now: Date,
): Promise<ChannelRow | null> {
  const channelId = newId('chn');
  const credential = await newCredential(context, signIn, { channelId, version: 1, now });
  const { sealedSecret, secretVersion } = credential;
  if (!sealedSecret || !secretVersion) throw new Error('A new channel needs a refresh token or a password');
  const channel = await insertChannel(tx, {
    ...channelRow(context, signIn, channelId, now),
    nextRefreshAt: firstRefreshAt(channelId, credential),
  });
  if (channel === null) return null;
  const { tenantId, proof } = signIn;
  await insertCredential(tx, { ...credential, sealedSecret, secretVersion, channelId, tenantId });
  await insertCursors(tx, { tenantId, channelId, now }, proof.heads);
  await putPartsAside(
    tx,
    proof.aside.map((part) => firstAside({ ...part, tenantId, channelId }, now)),
  );
  await queueEarlierMail(tx, signIn, channel, now);
  await insertEvent(tx, {
    tenantId,
    channelId,
    type: 'channel.connected',
    incidentId: null,
    data: { account: { email: channel.accountEmail }, accessType: channel.accessType, status: channel.status },
    at: now,
  });
  return channel;
}

const firstAside = (
  { channelId, tenantId, scope, name, reason }: AsidePart & { channelId: string; tenantId: string },
  now: Date,
) => ({ channelId, tenantId, scope, name, reason, since: now, retryAt: new Date(now.getTime() + refusedGapMs(0)) });

function channelRow(context: Context, signIn: SignIn, id: string, now: Date) {
  const { spec, credential, proof } = signIn;
  const { account } = proof.identity;
  return {
    id,
    ...accountKeyOf(signIn),
    kind: spec.kind,
    ...usesOf(context, signIn),
    accountEmail: account.email,
    accountLogin: account.login,
    accountProviderId: account.providerId,
    server: serverOf(credential),
    smtp: submissionOf(credential),
    owner: spec.owner,
    status: 'connected' as const,
    statusSince: now,
    credentialVersion: 1,
    lastVerifiedAt: now,
    ...beginningOf(context, signIn, now),
    namespaces: spec.namespaces ?? null,
    importState: isWalked(proof.heads) && spec.import === 'continuous' ? ('catching_up' as const) : ('idle' as const),
    nextPollAt: now,
    nextDueAt: now,
    createdAt: now,
  };
}

/** The time from which the account is imported, and its import mode; `off` where nothing can be imported. */
function beginningOf(
  { providers }: Pick<Context, 'providers'>,
  { accessType, spec, proof }: SignIn,
  now: Date,
): Pick<ChannelRow, 'coveredUntil' | 'ownedFrom' | 'importMode'> {
  if (providers.get(accessType)?.capabilities.importsNothing) {
    return { coveredUntil: null, ownedFrom: null, importMode: 'off' };
  }
  return {
    coveredUntil: earliestHead(proof.heads) ?? now,
    ownedFrom: providersOwnTime(proof, now),
    importMode: spec.import,
  };
}

/** Some part has no cursor as of now: an import walks to it, and takes what comes meanwhile by its date. */
const isWalked = (heads: SignIn['proof']['heads']) => heads.some(({ cursor }) => cursor === null);

/** How wrong an unknown clock may be. */
const CLOCK_DOUBT_MS = 3_600_000 + 60_000;
const SECOND_MS = 1_000;

/**
 * From when on messages are the channel's own, on the provider's clock, which dates them: the second of the heads, in which
 * no message came before them; if one did, it counts only in doubt. A provider that tells no time may be an hour behind:
 * then mail after the last message before the connection counts, and with it mail that another folder got in that hour
 * (rule 10).
 */
function providersOwnTime({ heads, newestAt }: SignIn['proof'], now: Date): Date | null {
  const headAt = earliestHead(heads);
  if (headAt) {
    const isClear = newestAt === null || (newestAt !== undefined && endOfSecond(newestAt) <= headAt.getTime());
    return isClear ? headAt : new Date(headAt.getTime() + SECOND_MS - 1);
  }
  const from = Math.max(newestAt ? endOfSecond(newestAt) : 0, now.getTime() - CLOCK_DOUBT_MS);
  return from <= now.getTime() ? new Date(from) : null;
}

/** Mail from before the connection is imported on request only: `import_from`, or `covered_until` of an adoption. */
async function queueEarlierMail(tx: Transaction, signIn: SignIn, channel: ChannelRow, now: Date): Promise<void> {
  const from = signIn.spec.importFrom ? new Date(signIn.spec.importFrom) : signIn.coveredUntil;
  if (!from || from >= now || channel.importMode === 'off') return;
  await queueImport(tx, {
    tenantId: channel.tenantId,
    channelId: channel.id,
    cause: 'requested',
    windowFrom: from,
    windowTo: null, // to the provider's now: with our clock mail would be lost if the provider's is ahead
    movesCursor: false,
    backfill: true,
    now,
  });
}
