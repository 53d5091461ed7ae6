import { waitsUntil } from '../domain/backoff.ts';
import { isOneOf, NEEDS_PERSON } from '../domain/channel.ts';
import { servedUntilMs } from '../domain/schedule.ts';
import type { AccessType, ProviderName } from '../domain/access-type.ts';
import { takeCanary } from '../db/across-tenants/incidents/canaries.ts';
import { updateChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import { notifyReaders } from '../db/credentials/credentials.ts';
import type { CredentialState } from '../db/credentials/credentials.ts';
import type { Transaction } from '../db/client.ts';
import type { WiderIncident } from '../db/incidents/wider.ts';
import { letHappen } from '../channels/happenings.ts';
import type { Context } from '../runtime/context.ts';

/** The operator's client that a channel rests on; without an OAuth client it is the installation's. */
export function clientOf(
  { providers }: Pick<Context, 'providers'>,
  accessType: AccessType,
  oauthProvider: ProviderName | null,
): { client: string; oauthProvider: ProviderName | null } {
  const signIn = providers.get(accessType)?.signIn;
  const offered = signIn?.oauth ?? [];
  const named = offered.find(({ provider }) => provider === oauthProvider);
  // Without an issuer it is a password, where there are passwords.
  const own = named ?? (signIn?.password ? undefined : offered[0]);
  const hasOtherWays = offered.length > 1 || Boolean(signIn?.password);
  return { client: own?.clientId ?? '', oauthProvider: hasOtherWays ? (own?.provider ?? null) : null };
}

type Half = NonNullable<ChannelRow['trouble']>;

interface Trying {
  channel: Pick<ChannelRow, 'id' | 'accessType'>;
  /** Whose authorization server issued the credential. */
  oauthProvider: ProviderName | null;
  /** The half of the connection that the channel tries next. */
  tried: Half;
}

/**
 * Of the open incidents of the operator's clients, the one at which another channel is the canary; null: this channel may
 * try. One channel tries while the others wait, so that a wrong client secret is no herd.
 */
export function canaryToWaitFor(
  context: Context,
  open: WiderIncident[],
  { channel, oauthProvider, tried }: Trying,
): WiderIncident | null {
  if (open.length === 0) return null;
  const { client } = clientOf(context, channel.accessType, oauthProvider);
  return open.find((one) => one.client === client && one.tried === tried && one.canaryId !== channel.id) ?? null;
}

/** Makes the channel the canary if the one before did not try in time. True: it may try. */
export async function becomeCanary(context: Context, incident: WiderIncident, channelId: string): Promise<boolean> {
  const now = await context.clock.now();
  if (incident.canaryUntil !== null && incident.canaryUntil >= now) return false;
  return takeCanary(context.database, { incidentId: incident.id, channelId, now });
}

/**
 * Lets a channel wait for the canary, without a request to the provider. While its token is fresh it stays as it is
 * (rule 6); from then on it is blocked, as part of the same incident.
 */
export async function waitForCanary(
  tx: Transaction,
  row: ChannelRow,
  { incident, credential, now }: { incident: WiderIncident; credential: CredentialState | null; now: Date },
): Promise<void> {
  await notifyReaders(tx, row.id);
  const until = waitsUntil(row.id, now);
  const waiting = { waitsFor: incident.id, refreshRequestedAt: null };
  const servedUntil = servedUntilMs(credential, now) ?? 0;
  const isServed = servedUntil > now.getTime() && !isOneOf(NEEDS_PERSON, row.status);
  // A channel that is blocked already, or waits for a person, keeps its task.
  if (isServed || isOneOf(NEEDS_PERSON, row.status)) {
    const lookAt = isServed ? Math.min(servedUntil, until.getTime()) : until.getTime();
    await updateChannel(tx, row.id, { ...waiting, retryAt: new Date(lookAt) });
    return;
  }
  const { reason, providerCode } = incident;
  const plain = { reason, providerCode, retryAfterMs: null, vague: false, tokenRefused: false };
  const verdict = { ...plain, kind: 'misconfigured' } as const;
  await letHappen(tx, row, { type: 'refused', credentialVersion: row.credentialVersion, verdict }, now, {
    ...waiting,
    trouble: 'credential',
    retryAt: until,
    ...(row.incidentId === null ? { incidentId: incident.id } : {}),
  });
}
