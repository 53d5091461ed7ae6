import type { Use } from '../../domain/access-type.ts';
import type { Rotation } from '../../domain/rotation.ts';
import { Secret } from '../../domain/secret.ts';
import { ProviderError } from '../../domain/verdict.ts';
import { toProviderAnswer } from '../../net/http.ts';
import type { OAuthAdapter, RawAnswer, TokenSet } from '../contract.ts';
import { authenticated, postForm, requestToken } from '../oauth.ts';
import { readTokenAnswer } from '../token-answer.ts';
import { refusalWithin, sendCall } from './api-calls.ts';
import type { CallSettings } from './api-calls.ts';
import type { ProviderFile } from './file-format.ts';

const DAY_MS = 86_400_000;
/**
 * How long a token that does not expire is served before a call proves it again, in seconds. Longer: its end is noticed later
 * where the product does not report it. Shorter: an outage of the provider withholds a token that is good.
 */
const PROVED_FOR_S = 7 * 86_400;

/** In place of the scope that a file without `scopes.send` has not: no grant sends. */
const NO_SCOPE_SENDS = 'send';

/** The OAuth adapter that a file describes (RFC 6749). */
export function createFileOAuth(file: ProviderFile, settings: CallSettings): OAuthAdapter {
  const { authorization, scopes, token, access_token: life, refresh_token: refresh } = file;
  const { http, client, addresses, classify } = settings;
  const authorizationUrl = addresses.fixed(authorization.url);
  const by = token.client_authentication === 'basic' ? 'basic' : 'body';
  const endpoint = { http, url: addresses.fixed(token.url), client, by } as const;
  const ofUses = (uses: readonly Use[]) => uses.flatMap((use) => scopes[use] ?? []);
  const unused = refresh.unused_life_days;
  return {
    provider: file.name,
    label: file.label,
    clientId: client.id,
    issuers: [authorization.issuer ?? authorizationUrl.origin],
    rotation: rotationOf(file),
    defaultLifeSeconds: life.expires ? life.default_life_seconds : PROVED_FOR_S,
    ...longestLife(file),
    ...(unused === undefined ? {} : { unusedLifeMs: unused * DAY_MS }),
    authorizationUrl({ redirectUri, state, codeChallenge, uses, loginHint }) {
      const asked = [...new Set([...scopes.always, ...ofUses(uses)])];
      const url = new URL(authorizationUrl);
      const parameters = {
        ...authorization.parameters,
        client_id: client.id,
        redirect_uri: redirectUri,
        response_type: 'code',
        state,
        ...(asked.length > 0 ? { scope: asked.join(authorization.scope_separator) } : {}),
        ...(authorization.pkce === 'S256' ? { code_challenge: codeChallenge, code_challenge_method: 'S256' } : {}),
        ...(authorization.login_hint && loginHint !== null ? { [authorization.login_hint]: loginHint } : {}),
      };
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
      return url;
    },
    exchangeRequest({ code, codeVerifier, redirectUri }, signal) {
      const proof = authorization.pkce === 'S256' ? { code_verifier: codeVerifier.reveal() } : {};
      const parameters = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, ...proof };
      return requestToken(endpoint, { ...token.parameters, ...parameters }, signal);
    },
    refreshRequest({ token: held, context }, signal, beforeWriting) {
      if (!life.expires) {
        const calling = { accessToken: held, context, operation: 'refresh', signal } as const;
        return proveToken(file, settings, { ...calling, ...(beforeWriting ? { beforeWriting } : {}) });
      }
      const parameters = { grant_type: 'refresh_token', refresh_token: held.reveal() };
      return requestToken(endpoint, { ...token.parameters, ...parameters }, signal, beforeWriting);
    },
    processTokenAnswer: (answer) => tokensOf(file, settings, answer),
    classify,
    revocation: file.revocation.url === undefined ? 'none' : 'token',
    revocationHelp: file.revocation.help,
    revoke: (grant, signal) => revoke(file, settings, grant.token, signal),
    missingScopes: (granted, uses) => [
      ...[...new Set(ofUses(uses))].filter((scope) => !granted.includes(scope)),
      ...(uses.includes('send') && scopes.send === undefined ? [NO_SCOPE_SENDS] : []),
    ],
  };
}

/** A token that does not expire is proved by a call that may be repeated. */
function rotationOf({
  access_token: { expires },
  refresh_token: { rotation, grace_seconds: seconds },
}: ProviderFile): Rotation {
  if (!expires) return { mode: 'tolerant' };
  return rotation === 'grace' ? { mode: 'grace', graceSeconds: seconds ?? 0 } : { mode: rotation };
}

function longestLife({ access_token: { expires, longest_life_seconds: longest } }: ProviderFile) {
  if (!expires) return { longestLifeSeconds: PROVED_FOR_S, neverExpires: true as const };
  return longest === undefined ? {} : { longestLifeSeconds: longest };
}

/** An answer in the form of a token endpoint's, made of the call that proved the token; that call's own where it refused. */
async function proveToken(
  file: ProviderFile,
  settings: CallSettings,
  calling: Parameters<typeof sendCall>[2],
): Promise<RawAnswer> {
  const answer = await sendCall(settings, file.verify ?? file.identity, calling);
  if (answer.status < 200 || answer.status > 299) return { ...answer, body: new Secret(answer.body) };
  const refusal = refusalWithin(answer.body);
  const status = refusal === null ? answer.status : 401;
  const body = refusal === null ? JSON.stringify({ access_token: calling.accessToken.reveal() }) : answer.body;
  return { ...answer, status, body: new Secret(body) };
}

/** The scopes of a mail provider that are asked for in any case; null: they depend on the link's uses. */
const alwaysAskedFor = ({ imap, scopes: { always, read, send } }: ProviderFile) =>
  imap && send === undefined ? [...always, ...read] : null;

function tokensOf(file: ProviderFile, settings: CallSettings, answer: RawAnswer): TokenSet {
  const tokens = readTokenAnswer(file.label, answer, settings.classify);
  const separator = file.authorization.scope_separator;
  const scopes = tokens.scopes?.flatMap((scope) => scope.split(separator)).filter((scope) => scope !== '') ?? null;
  const granted = scopes ?? alwaysAskedFor(file);
  const told = { ...tokens, scopes: granted, context: settings.addresses.told(answer.body.reveal()) };
  if (file.access_token.expires) return told;
  // What is kept to prove the token is the token itself.
  return { ...told, refreshToken: tokens.accessToken, expiresInSeconds: null };
}

async function revoke(file: ProviderFile, settings: CallSettings, token: Secret, signal: AbortSignal): Promise<void> {
  const { url: template, parameters, client_authentication: how } = file.revocation;
  if (template === undefined) return;
  const { addresses, client, http, classify, label } = settings;
  const url = addresses.fixed(template);
  const by = await authenticated(client, url, how);
  const form = new URLSearchParams({ token: token.reveal(), ...parameters, ...by.form });
  const answer = await postForm(http, url, form, signal, { headers: by.headers });
  if (answer.status >= 200 && answer.status < 300) return;
  const refusal = classify(toProviderAnswer('refresh', answer));
  // The token is no longer good, which is what was asked for (RFC 7009 section 2.2).
  if (refusal.kind === 'reauth_required') return;
  throw new ProviderError(`${label} answered a revocation with ${answer.status}`, refusal);
}
