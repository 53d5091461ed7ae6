import type { Request, Response } from 'express';
import { findCredentialState } from '../../db/credentials/credentials.ts';
import type { ConnectionContext } from '../../domain/connection-context.ts';
import type { SignInRow } from '../../db/access/sign-ins.ts';
import type { AccessType, ProviderName } from '../../domain/access-type.ts';
import { Secret } from '../../domain/secret.ts';
import type { OAuthAdapter } from '../../providers/contract.ts';
import { createPkce } from '../../providers/oauth.ts';
import type { ApiContext } from '../api-context.ts';
import { randomText, sha256 } from '../../crypto/random-secrets.ts';
import { Problem } from '../http/problem.ts';
import { bindBrowser } from './browser.ts';
import { limitAuthorizations, storeAuthorization } from './attempt-limit.ts';
import { chooseOAuth } from './choose-oauth.ts';
import { openLink, requireUsable, sharedMailbox } from './open-link.ts';
import type { OpenLink } from './open-link.ts';

/** How long a person may take at the provider's page, in ms. */
const TRIP_LIFE_MS = 10 * 60_000;

interface Going {
  address: string;
  accessType: AccessType;
  provider: ProviderName | undefined;
  /** Where the person signs in, of the places of the provider; absent: where the channel did, or at the usual one. */
  login: string | undefined;
  request: Request;
  response: Response;
}

/**
 * Sends a person to the provider's consent page: a `state` of 256 bits that stands for this link, this provider and
 * this browser (S-02), and PKCE (RFC 7636). Answers with the address. Throws `Problem`.
 */
export async function startAuthorization(context: ApiContext, going: Going): Promise<URL> {
  const { accessType, request, response } = going;
  const now = await context.clock.now();
  const opened = await openLink(context, going.address, request);
  requireUsable(opened, accessType, now);
  limitAuthorizations(context, opened.link);
  const oauth = chooseOAuth(context, accessType, going.provider);
  const place = placeOf(oauth, going.login);
  const { codeVerifier, codeChallenge } = createPkce();
  const state = randomText();
  const { link } = opened;
  const row = {
    stateHash: sha256(state),
    linkId: link.id,
    tenantId: link.tenantId,
    accessType,
    provider: oauth.provider,
    browserHash: bindBrowser(context, request, response),
    codeVerifierJwe: await sealTrip(context, link, { address: going.address, codeVerifier, place }),
    createdAt: now,
    expiresAt: new Date(now.getTime() + TRIP_LIFE_MS),
  };
  await storeAuthorization(context, row);
  const connection = await connectionOf(context, opened, accessType);
  return oauth.authorizationUrl({
    redirectUri: redirectUri(context, oauth),
    state,
    codeChallenge,
    uses: link.spec.uses,
    isShared: sharedMailbox(opened) !== null,
    loginHint: loginHint(opened, oauth, accessType),
    ...connection,
    context: { ...connection.context, ...place },
  });
}

/** Our secret follows the person to the place: an address that is not the provider's own is refused before either leaves. */
function placeOf({ provider, logins }: OAuthAdapter, entered: string | undefined): ConnectionContext {
  if (entered === undefined) return {};
  const place = logins?.contextOf(entered);
  if (place) return place;
  const message = logins ? `expected an address such as ${logins.example}` : `${provider} has one place to sign in`;
  throw new Problem('validation_failed', `In the body: login: ${message}`, {
    errors: [{ in: 'body', path: 'login', message }],
  });
}

/** What is known of the connection that is signed in again, and what its provider asks for; of another access type it would mean nothing. */
export async function connectionOf(
  { database }: ApiContext,
  { channel }: OpenLink,
  accessType: AccessType,
): Promise<{ context: ConnectionContext; claims?: string }> {
  if (channel?.accessType !== accessType) return { context: {} };
  const credential = await database.inTenant(channel.tenantId, (tx) => findCredentialState(tx, channel.id));
  const claims = credential?.claims ?? null;
  return { context: credential?.context ?? {}, ...(claims === null ? {} : { claims }) };
}

/** One redirect address per provider: a code of another provider's does not get to this one's exchange (S-03). */
export const redirectUri = ({ config }: ApiContext, { provider }: OAuthAdapter) =>
  `${config.publicUrl}/oauth/${provider}/callback`;

/** The account that has to sign in, where it is known; only a hint, for the provider's page. */
function loginHint(opened: OpenLink, { readsShared }: OAuthAdapter, accessType: AccessType): string | null {
  const { link, channel } = opened;
  // Each person signs in with their own login: a hint would name the login of another person.
  if (readsShared && sharedMailbox(opened) !== null) return null;
  // A login at one provider means nothing at another; the address may.
  const known = channel?.accessType === accessType ? channel.accountLogin : channel?.accountEmail;
  return known ?? link.spec.mailbox ?? link.spec.owner?.email ?? null;
}

interface Trip {
  /** The link's address is stored nowhere else: the callback has to find its way back. */
  address: string;
  codeVerifier: Secret;
  /** Where the person went to sign in, as far as they chose it. */
  place: ConnectionContext;
}

const bindingOf = ({ tenantId, id }: { tenantId: string; id: string }) =>
  ({ tenant: tenantId, owner: id, kind: 'code_verifier', version: 1 }) as const;

function sealTrip({ vault }: ApiContext, link: { tenantId: string; id: string }, trip: Trip): Promise<string> {
  const text = JSON.stringify([trip.address, trip.codeVerifier.reveal(), trip.place]);
  return vault.encryptSecret(new Secret(text), bindingOf(link));
}

export async function openTrip({ vault }: ApiContext, signIn: SignInRow): Promise<Trip> {
  const binding = bindingOf({ tenantId: signIn.tenantId, id: signIn.linkId });
  const text = (await vault.decryptSecret(signIn.codeVerifierJwe, binding)).reveal();
  // A release before kept no place.
  const [address, verifier, place = {}] = JSON.parse(text) as [string?, string?, ConnectionContext?];
  if (address === undefined || verifier === undefined)
    throw new Error('A stored sign-in lacks its address or verifier');
  return { address, codeVerifier: new Secret(verifier), place };
}
