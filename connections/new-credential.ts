import { passwordSecretText } from '../crypto/password-secret.ts';
import type { Context } from '../runtime/context.ts';
import type { NewCredential } from '../db/credentials/credentials.ts';
import { oauthOf } from '../credentials/oauth.ts';
import { tokenIdentifiersOf } from '../credentials/token-identifiers.ts';
import type { ConnectionContext } from '../domain/connection-context.ts';
import { refreshDueAt, tokenLifeMs } from '../domain/schedule.ts';
import { rotationText } from '../domain/rotation.ts';
import { grantLifeAfter } from '../domain/security/grant-life.ts';
import type { GrantLife } from '../domain/security/grant-life.ts';
import type { SignIn, SignInCredential } from './sign-in.ts';

/**
 * The credential row of a sign-in at `version`: the secret sealed to the workers, the access token encrypted. Without
 * a new refresh token the stored secret stays: it cannot be opened here, and need not be.
 */
export async function newCredential(
  context: Context,
  signIn: SignIn,
  { channelId, version, now }: { channelId: string; version: number; now: Date },
) {
  const binding = { tenant: signIn.tenantId, owner: channelId, version };
  const secret = secretOf(signIn.credential);
  const sealed = secret && (await context.vault.seal(secret, { ...binding, kind: 'refresh_secret' }));
  return {
    kind: signIn.credential.kind,
    version,
    ...(sealed
      ? {
          sealedSecret: sealed,
          secretVersion: version,
          rotation: startingRotation(context, signIn),
          tokenIdentifiers: identifiersOf(context, signIn),
          ...lifeOf(context, signIn, signIn.adoption?.answeredAt ?? now),
        }
      : {}),
    ...(await accessToken(context, signIn, binding, signIn.adoption?.answeredAt ?? now)),
    oauthProvider: signIn.credential.kind === 'oauth' ? signIn.credential.provider : null,
    context: contextOf(signIn),
    grantKey: signIn.proof.identity.grantKey,
    accessTokenRefusedAt: null,
    claims: null,
    updatedAt: now,
  } satisfies Partial<NewCredential>;
}

/** A sign-in says all of it anew: nothing of an earlier connection is left. */
function contextOf({ credential, proof }: SignIn): ConnectionContext {
  return { ...(credential.kind === 'oauth' ? credential.tokens.context : {}), ...proof.identity.context };
}

function secretOf(credential: SignInCredential) {
  return credential.kind === 'password' ? passwordSecretText(credential) : credential.tokens.refreshToken;
}

function lifeOf(context: Context, { credential, accessType }: SignIn, answeredAt: Date): GrantLife {
  if (credential.kind === 'password') return { grantEndsAt: null, expiryWarnAt: null };
  const { unusedLifeMs = null } = oauthOf(context, accessType, credential.provider);
  const { grantLifeSeconds: lifeSeconds = null } = credential.tokens;
  return grantLifeAfter({ answeredAt, lifeSeconds, unusedLifeMs, before: null });
}

function identifiersOf(context: Context, { credential, accessType }: SignIn): string[] | null {
  if (credential.kind === 'password' || credential.tokens.refreshToken === null) return null;
  const oauth = oauthOf(context, accessType, credential.provider);
  return tokenIdentifiersOf(context, oauth, credential.tokens.refreshToken);
}

/**
 * The rotation of a new grant is unproven until its first refresh (domain/rotation.ts), unless the provider declares that
 * it rotates.
 */
function startingRotation(context: Context, { credential, accessType }: SignIn): string {
  if (credential.kind === 'password') return 'none';
  const { rotation } = oauthOf(context, accessType, credential.provider);
  return rotation.mode === 'none' ? 'unproven' : rotationText(rotation);
}

async function accessToken(
  context: Context,
  { accessType, credential }: Pick<SignIn, 'accessType' | 'credential'>,
  binding: { tenant: string; owner: string; version: number },
  issuedAt: Date,
) {
  if (credential.kind === 'password') return { accessTokenJwe: null, tokenType: null, issuedAt: null, expiresAt: null };
  const { tokens, provider } = credential;
  return {
    accessTokenJwe: await context.vault.encryptSecret(tokens.accessToken, { ...binding, kind: 'access_token' }),
    tokenType: tokens.tokenType,
    issuedAt,
    expiresAt: new Date(issuedAt.getTime() + tokenLifeMs(tokens, oauthOf(context, accessType, provider))),
    scopes: tokens.scopes ?? [],
  };
}

/** When a new token is first refreshed; the workflow writes it again after its look. */
export function firstRefreshAt(
  channelId: string,
  { issuedAt, expiresAt }: { issuedAt: Date | null; expiresAt: Date | null },
): Date | null {
  if (!issuedAt || !expiresAt) return null;
  const times = { issuedAtMs: issuedAt.getTime(), expiresAtMs: expiresAt.getTime() };
  return new Date(refreshDueAt({ channelId, ...times, strict: true, recovered: false }));
}
