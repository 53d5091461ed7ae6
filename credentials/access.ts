import type { Context } from '../runtime/context.ts';
import { readPasswordSecret } from '../crypto/password-secret.ts';
import { findChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import { findCredential } from '../db/credentials/credentials.ts';
import type { Transaction } from '../db/client.ts';
import type { CredentialRow } from '../db/credentials/credentials.ts';
import type { Secret } from '../domain/secret.ts';
import { leastLifeMs } from '../domain/schedule.ts';
import type { Provider, Session, SessionAccess } from '../providers/contract.ts';
import { rememberServer } from './remember-server.ts';

/** A channel with its credential; every verdict of the session is about this `version`. */
export interface ChannelAccess {
  channel: ChannelRow;
  credential: CredentialRow;
  provider: Provider;
}

/** Reads the channel and its credential, without opening anything. */
export async function readAccess(
  context: Context,
  tenantId: string,
  channelId: string,
): Promise<ChannelAccess | 'gone'> {
  return context.database.inTenant(tenantId, (tx) => findAccess(context, tx, channelId));
}

/** A change of access that commits between two reads is seen whole by the next. */
const MOST_READS = 3;

/**
 * The same within the caller's transaction. A channel and a credential of different versions are of different accesses, maybe:
 * such a pair would send a token to a provider that is not its own.
 */
export async function findAccess(
  { providers }: Pick<Context, 'providers'>,
  tx: Transaction,
  channelId: string,
): Promise<ChannelAccess | 'gone'> {
  let [channel, credential] = await readBoth(tx, channelId);
  for (let reads = 1; isTorn(channel, credential) && reads < MOST_READS; reads++)
    [channel, credential] = await readBoth(tx, channelId);
  const provider = channel && providers.get(channel.accessType);
  return channel && credential && provider ? { channel, credential, provider } : 'gone';
}

const readBoth = (tx: Transaction, channelId: string) =>
  Promise.all([findChannel(tx, channelId), findCredential(tx, channelId)]);

const isTorn = (channel: ChannelRow | null, credential: CredentialRow | null): boolean =>
  channel !== null && credential !== null && channel.credentialVersion !== credential.version;

/**
 * Opens a session at the channel's account with the live credential. `needs_refresh` when the access token is spent
 * or refused: only the channel's workflow refreshes (rule 3), so the caller requests a refresh and retries later.
 */
export async function openChannelSession(
  context: Context,
  access: ChannelAccess,
  signal: AbortSignal,
): Promise<Session | 'needs_refresh'> {
  const sessionAccess = await readSessionAccess(context, access);
  if (sessionAccess === 'needs_refresh') return sessionAccess;
  return access.provider.openSession(sessionAccess, signal);
}

/** The access of the live credential, with which a session opens; `needs_refresh` as above. */
export async function readSessionAccess(
  context: Context,
  { channel, credential, provider }: ChannelAccess,
): Promise<SessionAccess | 'needs_refresh'> {
  const binding = { tenant: channel.tenantId, owner: channel.id };
  const { accountEmail: mailbox, namespaces } = channel;
  const place = { mailbox, context: credential.context, ...(namespaces === null ? {} : { namespaces }) };
  if (credential.kind === 'password') {
    const secret = readPasswordSecret(await openSecret(context, credential));
    const serverKey = provider.signIn.password?.serverKey(secret.server);
    await rememberServer(context, channel, { server: secret.server, serverKey });
    return { kind: 'password', email: channel.accountEmail, ...secret, ...place };
  }
  if (!(await isUsable(context, credential)) || !credential.accessTokenJwe) return 'needs_refresh';
  const accessToken = await context.vault.decryptSecret(credential.accessTokenJwe, {
    ...binding,
    kind: 'access_token',
    version: credential.version,
  });
  return { kind: 'token', accessToken, issuer: credential.oauthProvider, ...place };
}

/** The refresh token, or the password with its server, bound to the version at which it was sealed. */
export function openSecret(
  context: Pick<Context, 'vault'>,
  {
    tenantId,
    channelId,
    sealedSecret,
    secretVersion: version,
  }: Pick<CredentialRow, 'tenantId' | 'channelId' | 'sealedSecret' | 'secretVersion'>,
): Promise<Secret> {
  return context.vault.open(sealedSecret, { tenant: tenantId, owner: channelId, kind: 'refresh_secret', version });
}

async function isUsable(context: Context, credential: CredentialRow): Promise<boolean> {
  if (!credential.expiresAt || !credential.issuedAt || credential.accessTokenRefusedAt) return false;
  const lifeMs = credential.expiresAt.getTime() - credential.issuedAt.getTime();
  return credential.expiresAt.getTime() - (await context.clock.now()).getTime() > leastLifeMs(lifeMs);
}
