import { changeChannel } from '../channels/wake.ts';
import { markSecurityEventsTold, storeSecurityEvents } from '../db/across-tenants/security-events.ts';
import type { GrantedChannel, SecurityEventRow } from '../db/across-tenants/security-events.ts';
import type { ProviderName } from '../domain/access-type.ts';
import { EVENT_COUNTS_FOR_MS, ONE_ACT_MS, isRevocation } from '../domain/security/security-event.ts';
import { tokenIdentifierHashes } from '../credentials/token-identifiers.ts';
import type { ToldEvent } from '../providers/security-events.ts';
import type { Context } from '../runtime/context.ts';
import { findGrantedChannels } from './granted-channels.ts';
import { inTurn } from './in-turn.ts';
import { writeFacts } from './write-facts.ts';

/**
 * `known`: every channel was told of the event before, or it is too old to count. `unknown_account`: no live channel rests on
 * the grant.
 */
export type AccountsTold = 'checked' | 'known' | 'unknown_account';

interface SignedToken {
  provider: ProviderName;
  tokenId: string;
  issuedAt: Date;
  events: readonly ToldEvent[];
}

/** Writes security events as facts; one per process, for all of its requests. */
export type TellAccounts = (token: SignedToken) => Promise<AccountsTold>;

/**
 * Writes a security event as a fact and a nudge for every channel that rests on its grant, in every tenant, also where
 * nothing polls or reads. The event itself is stored first, so that the refusal that a check meets finds its cause; a
 * process that dies before all channels are told leaves it to the provider's repetition.
 */
export function createTellAccounts(context: Context): TellAccounts {
  const tellOnce = inTurn<SignedToken, AccountsTold>((_id, [token]) => tell(context, token!));
  return (token) => tellOnce(`${token.provider} ${token.tokenId}`, [token]);
}

async function tell(context: Context, { provider, tokenId, issuedAt, events }: SignedToken): Promise<AccountsTold> {
  const now = await context.clock.now();
  if (now.getTime() - issuedAt.getTime() >= EVENT_COUNTS_FOR_MS) return 'known';
  const found = await Promise.all(
    events.map(async (event) => ({ event, channels: await findChannels(context, provider, event) })),
  );
  const rows = found.flatMap(({ event, channels }, position) =>
    channels.slice(0, 1).map((channel) => rowOf({ provider, tokenId, issuedAt, position }, event, channel, now)),
  );
  if (rows.length === 0) return 'unknown_account';
  if (await storeSecurityEvents(context.database, rows)) return 'known';
  for (const { event, channels } of found) {
    await Promise.all(channels.map((channel) => tellChannel(context, channel, event, { issuer: provider, issuedAt })));
  }
  await markSecurityEventsTold(context.database, { provider, tokenId }, now);
  return 'checked';
}

function findChannels(context: Context, provider: ProviderName, { about }: ToldEvent): Promise<GrantedChannel[]> {
  if ('providerId' in about) return findGrantedChannels(context, provider, { providerId: about.providerId });
  const identifiers = tokenIdentifierHashes(context, provider, about.tokenIdentifier);
  return findGrantedChannels(context, provider, { identifiers });
}

/** All channels of one event have the same login. */
function rowOf(
  token: Pick<SecurityEventRow, 'provider' | 'tokenId' | 'issuedAt' | 'position'>,
  { kind, detail }: ToldEvent,
  { providerId }: GrantedChannel,
  now: Date,
): SecurityEventRow {
  const certainAt = isRevocation(kind) ? new Date(now.getTime() + ONE_ACT_MS) : null;
  return { ...token, providerId, kind, detail, receivedAt: now, certainAt };
}

async function tellChannel(
  context: Context,
  channel: GrantedChannel,
  { kind }: ToldEvent,
  source: { issuer: ProviderName; issuedAt: Date },
): Promise<void> {
  await changeChannel(context, channel, (waking, row) => writeFacts(waking, row, kind, source));
}
