import type { ConnectionContext } from '../domain/connection-context.ts';
import type { OAuthAdapter, TokenSet } from '../providers/contract.ts';

/** A refresh or a sign-in waits this long for the introspection. */
const INTROSPECTION_TIMEOUT_MS = 10_000;

/**
 * The tokens with the life of the access token, which some servers tell on request alone. Call it once the answer is safe: a
 * failure leaves the adapter's default life, which costs an early refresh.
 * @param sent the context of the request: an answer names only part of where its server is
 */
export async function withTokenLife(oauth: OAuthAdapter, tokens: TokenSet, sent: ConnectionContext): Promise<TokenSet> {
  if (tokens.expiresInSeconds !== null || oauth.introspect === undefined) return tokens;
  const grant = { token: tokens.accessToken, context: { ...sent, ...tokens.context } };
  const expiresInSeconds = await oauth
    .introspect(grant, AbortSignal.timeout(INTROSPECTION_TIMEOUT_MS))
    .catch(() => null);
  return { ...tokens, expiresInSeconds };
}
