import { updateChannel } from '../../db/channels/channels.ts';
import { findCredentialState } from '../../db/credentials/credentials.ts';
import type { TokenReading } from '../../db/credentials/token-reads.ts';
import type { ApiContext } from '../api-context.ts';
import { changeChannel } from '../../channels/wake.ts';
import { tokenFacts } from './token-news.ts';
import type { TokenFacts } from './token-news.ts';
import { REFRESHABLE, isOneOf } from '../../domain/channel.ts';

/**
 * Writes "a reader needs a refresh" with a nudge, only while the version they read is still the live one: rule 3 would
 * be broken by asking again for what has just been done. Answers with the channel as it stands; null when it is gone.
 */
export async function requestRefresh(
  context: ApiContext,
  { tenantId, version }: TokenReading,
  channelId: string,
): Promise<TokenFacts | null> {
  return changeChannel(context, { tenantId, channelId }, async ({ tx, now, wake }, channel) => {
    const credential = await findCredentialState(tx, channelId);
    if (credential?.version !== version || !isOneOf(REFRESHABLE, channel.status))
      return tokenFacts(channel, credential);
    const before = channel.refreshRequestedAt;
    const wanted = await updateChannel(tx, channelId, { refreshRequestedAt: before && before < now ? before : now });
    await wake(wanted);
    return tokenFacts(wanted, credential);
  });
}
