import { findTenant } from '../../db/tenants.ts';
import type { LinkResult, LinkSpec } from '../../db/links.ts';
import { Secret } from '../../domain/secret.ts';
import { ProviderError } from '../../domain/verdict.ts';
import type { VerdictKind } from '../../domain/verdict.ts';
import type { Provider, SessionAccess } from '../../providers/provider.ts';
import type { ApiContext } from '../call.ts';
import { Problem } from '../problem.ts';
import type { ProblemCode } from '../problem.ts';
import type { AdoptBody } from '../schemas/channels.ts';
import { completeSignIn, proveSignIn } from '../../sign-in/complete-sign-in.ts';
import type { SignInCredential } from '../../sign-in/sign-in.ts';
import { mailboxKeyOf } from '../../sign-in/sign-in.ts';
import { failureOf, problemOf } from './sign-in-failure.ts';

const TIMEOUT_MS = 45_000;

/**
 * Takes over a connection the product holds: the refresh token is used once, the password logs in once, and only what
 * worked for the named account is stored. Answers with the channel's id. Throws `Problem`; nothing is stored then.
 */
export async function adoptChannel(context: ApiContext, body: AdoptBody): Promise<string> {
  const provider = context.providers.get(body.access_type);
  if (!provider) throw new Problem('access_type_not_allowed', `${body.access_type} is not configured here`);
  await refuseErasing(context, body.tenant);
  const how = provider.oauth ? 'oauth' : 'password';
  try {
    const result = await proveAndStore(context, provider, body);
    if (result.status === 'failed') throw problemOf(result);
    return result.channel;
  } catch (error) {
    if (error instanceof ProviderError) throw adoptionProblem(error, how);
    throw error;
  }
}

/**
 * A refresh token that is refused is the product's to replace; what is the operator's or the provider's trouble says
 * nothing about the token. The words of a consent page would fit none of them.
 */
function adoptionProblem(error: ProviderError, how: 'oauth' | 'password'): Problem {
  const { kind, providerCode } = error.verdict;
  const code = how === 'oauth' ? OAUTH_CODES[kind] : undefined;
  if (code) return new Problem(code, error.message, { provider_code: providerCode });
  return problemOf(failureOf(error, how));
}

const OAUTH_CODES: Partial<Record<VerdictKind, ProblemCode>> = {
  reauth_required: 'authentication_failed',
  misconfigured: 'app_credentials_invalid',
  transient: 'provider_unavailable',
};

async function refuseErasing(context: ApiContext, tenantId: string): Promise<void> {
  const tenant = await context.database.inTenant(tenantId, (tx) => findTenant(tx, tenantId));
  if (tenant?.eraseRequestedAt) throw new Problem('tenant_erasing', 'Nothing can be connected for this tenant');
}

async function proveAndStore(context: ApiContext, provider: Provider, body: AdoptBody): Promise<LinkResult> {
  const spec = specOf(body);
  const { credential, access } = await useCredential(provider, body);
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const proof = await proveSignIn(context, body.access_type, access, signal);
  const received = proof.identity.account.email;
  if (mailboxKeyOf(received) !== mailboxKeyOf(body.account.email)) {
    const detail = `The credential is for ${received}, not for ${body.account.email}. Nothing was stored.`;
    throw new Problem('account_mismatch', detail, {
      expected: { email: body.account.email },
      received: { email: received },
    });
  }
  return completeSignIn(context, {
    tenantId: body.tenant,
    link: null,
    accessType: body.access_type,
    spec,
    credential,
    proof,
    coveredUntil: body.covered_until === undefined ? null : new Date(body.covered_until),
  });
}

/** The first use of what was handed over; a rotating provider's new refresh token is the one that is kept. */
async function useCredential(
  { oauth }: Provider,
  body: AdoptBody,
): Promise<{ credential: SignInCredential; access: SessionAccess }> {
  const given = body.credential;
  const { email } = body.account;
  if (oauth && 'refresh_token' in given) {
    const refreshToken = new Secret(given.refresh_token);
    const answer = await oauth.refreshRequest(refreshToken, AbortSignal.timeout(TIMEOUT_MS));
    const tokens = oauth.processTokenAnswer(answer);
    const missing = tokens.scopes === null ? [] : oauth.missingScopes(tokens.scopes, ['read']);
    if (missing.length > 0) throw new Problem('scope_missing', `The grant lacks ${missing.join(', ')}`);
    return {
      credential: { kind: 'oauth', tokens: { ...tokens, refreshToken: tokens.refreshToken ?? refreshToken } },
      access: { kind: 'token', email, accessToken: tokens.accessToken },
    };
  }
  if (!oauth && 'username' in given) {
    const { username, host, port, security } = given;
    const password = new Secret(given.password);
    const credential = { kind: 'password', server: { host, port, security }, username, password } as const;
    return { credential, access: { ...credential, email } };
  }
  const expected = oauth ? 'refresh_token' : 'username, password, host, port and security';
  throw new Problem('validation_failed', `In the body: credential: expected ${expected} for ${body.access_type}`, {
    errors: [{ in: 'body', path: 'credential', message: `expected ${expected}` }],
  });
}

function specOf(body: AdoptBody): LinkSpec {
  return {
    kind: body.kind,
    owner: body.owner ?? null,
    access_types: [body.access_type],
    uses: ['read'],
    import: 'continuous',
    import_from: null,
    mailbox: null,
  };
}
