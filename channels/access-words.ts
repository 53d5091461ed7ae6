import type { ChannelRow } from '../db/channels/channels.ts';
import type { CredentialState } from '../db/credentials/credentials.ts';
import type { Context } from '../runtime/context.ts';
import { issuerOf } from './issuer.ts';

/** The way that a channel's credential took. */
export type Way = Pick<CredentialState, 'kind' | 'oauthProvider'>;

/**
 * What a channel's access and its provider are called; undefined where the access type is no longer configured. Where a
 * mailbox's login may be at several authorization servers, the provider is the one that issued the channel's grant.
 */
export function accessWordsOf(
  context: Pick<Context, 'providers'>,
  { accessType, server, reasonTold = false }: Pick<ChannelRow, 'accessType' | 'server'> & { reasonTold?: boolean },
  credential: Way | null,
) {
  const words = context.providers.get(accessType)?.words;
  // Only a password has a server.
  const own = server === null && words?.ofGrants ? { ...words, ...words.ofGrants, ...issuerName() } : words;
  // Answers that leave the cause open need no words of their own where the provider told it.
  return own && reasonTold ? { ...own, causes: {} } : own;

  function issuerName(): { provider?: string } {
    const issuer = credential?.kind === 'oauth' ? issuerOf(context, accessType, credential.oauthProvider) : null;
    return issuer === null ? {} : { provider: issuer.label };
  }
}

/** Whether every login with rights to the channel's mailbox opens it, at the authorization server of the channel's grant. */
export function readsShared(
  { providers }: Pick<Context, 'providers'>,
  { accessType }: Pick<ChannelRow, 'accessType'>,
  credential: Way | null,
): boolean {
  if (credential === null || credential.kind === 'password') return false;
  const { oauthProvider } = credential;
  const ways = (providers.get(accessType)?.signIn.oauth ?? []).filter(
    ({ provider }) => oauthProvider === null || provider === oauthProvider,
  );
  return ways.length > 0 && ways.every((way) => way.readsShared === true);
}
