import type { OAuthAdapter, TokenSet } from '../providers/contract.ts';

/** A refresh or a sign-in waits this long for the introspection. */
const INTROSPECTION_TIMEOUT_MS = 10_000;

/**
 * The tokens with the life of the access token, which some servers tell on request alone. Call it once the answer is safe: a
 * failure leaves the adapter's default life, which costs an early refresh.
 */
export async function withTokenLife(oauth: OAuthAdapter, tokens: TokenSet): Promise<TokenSet> {
  if (tokens.expiresInSeconds !== null || oauth.introspect === undefined) return tokens;
  const grant = { token: tokens.accessToken, context: tokens.context };
  const expiresInSeconds = await oauth
    .introspect(grant, AbortSignal.timeout(INTROSPECTION_TIMEOUT_MS))
    .catch(() => null);
  return { ...tokens, expiresInSeconds };
}
