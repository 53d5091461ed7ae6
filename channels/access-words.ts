import type { ChannelRow } from '../db/channels/channels.ts';
import type { Context } from '../runtime/context.ts';

/** What a channel's access and its provider are called; undefined where the access type is no longer configured. */
export function accessWordsOf(
  { providers }: Pick<Context, 'providers'>,
  { accessType, server }: Pick<ChannelRow, 'accessType' | 'server'>,
) {
  const words = providers.get(accessType)?.words;
  // Only a password has a server.
  return server === null && words?.ofGrants ? { ...words, ...words.ofGrants } : words;
}
