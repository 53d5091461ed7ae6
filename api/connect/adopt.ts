import type { AdoptionRequest } from '../../db/credentials/adoptions.ts';
import { USES } from '../../domain/access-type.ts';
import { findTenant } from '../../db/access/tenants.ts';
import type { ConnectionContext } from '../../domain/connection-context.ts';
import { Secret } from '../../domain/secret.ts';
import { hostOf } from '../../domain/server.ts';
import { ProviderError } from '../../domain/verdict.ts';
import type { VerdictKind } from '../../domain/verdict.ts';
import type { Logins, OAuthAdapter, PasswordSignIn, Provider } from '../../providers/contract.ts';
import { adoptionSpec, otherAccount } from '../../connections/adoption.ts';
import type { AdoptionOutcome } from '../../connections/adoption.ts';
import { completeSignIn, proveSignIn } from '../../connections/complete-sign-in.ts';
import { inTime } from '../../domain/limits/in-time.ts';
import { isSameAddress } from '../../domain/address.ts';
import type { ApiContext } from '../api-context.ts';
import { Problem } from '../http/problem.ts';
import type { ProblemCode } from '../http/problem.ts';
import type { AdoptBody } from '../schemas/channels.ts';
import { adoptToken } from '../../connections/adopt-token.ts';
import { chooseOAuth } from './choose-oauth.ts';
import { requireKnown } from './known-access-types.ts';
import { refuseWithoutImport } from './refuse-import.ts';
import { sendingServer } from './sending-server.ts';
import { failureOf, problemOf, serverNotFound } from './sign-in-failure.ts';

const LOGIN_TIMEOUT_MS = 45_000;

/**
 * Takes over a connection the product holds: the refresh token is used once, the password logs in once, and only what
 * worked for the named account is stored. Answers with the channel's id. Throws `Problem`; nothing is stored then.
 */
export async function adoptChannel(context: ApiContext, body: AdoptBody): Promise<string> {
  requireKnown(context, 'access_type', body.accessType);
  const provider = context.providers.get(body.accessType);
  if (!provider) throw new Problem('access_type_not_allowed', `The access type ${body.accessType} is not configured`);
  if (body.coveredUntil) refuseWithoutImport(context, [body.accessType]);
  await refuseErasing(context, body.tenant);
  const how = 'refreshToken' in body.credential ? 'oauth' : 'password';
  try {
    const result = await proveAndStore(context, provider, body);
    switch (result.status) {
      case 'connected':
        return result.channel;
      case 'failed':
        throw problemOf(result);
      case 'in_progress':
        throw inProgress();
      case 'tenant_erasing':
        throw tenantErasing();
      case 'refused':
        throw new ProviderError(result.message, result.verdict);
    }
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
  if (tenant?.eraseRequestedAt) throw tenantErasing();
}

const tenantErasing = () => new Problem('tenant_erasing', 'The tenant is being erased; no account can be connected');

const inProgress = () =>
  new Problem('adoption_in_progress', 'An earlier request with this token is still running; repeat this one later', {
    retryAfterSeconds: 5,
  });

async function proveAndStore(context: ApiContext, provider: Provider, body: AdoptBody): ReturnType<typeof adoptToken> {
  const { credential: given, tenant: tenantId, accessType } = body;
  const { oauth, password } = provider.signIn;
  if (oauth.length > 0 && 'refreshToken' in given) {
    const token = new Secret(given.refreshToken);
    const adapter = chooseOAuth(context, accessType, body.provider);
    const { provider: issuer, rotation } = adapter;
    if (rotation.mode === 'strict' && !given.exclusive) throw notExclusive(accessType);
    const request = { ...requestOf(body), provider: issuer, connection: connectionOf(adapter, given) };
    return adoptToken(context, { tenantId, accessType, token, request });
  }
  if (password && 'username' in given && password.server.asks in given) {
    return adoptPassword(context, body, { way: password, given });
  }
  const expected = [
    ...(oauth.length > 0 ? ['refresh_token'] : []),
    ...(password ? [PASSWORD_FIELDS[password.server.asks]] : []),
  ].join(', or ');
  throw new Problem('validation_failed', `In the body: credential: expected ${expected} for ${accessType}`, {
    errors: [{ in: 'body', path: 'credential', message: `expected ${expected}` }],
  });
}

/** Another user of such a token ends it for both at its next refresh. */
function notExclusive(accessType: string): Problem {
  const message = 'expected true: a refresh token is good once here, so no other system may use it';
  return new Problem('validation_failed', `In the body: credential.exclusive: ${message} (${accessType})`, {
    errors: [{ in: 'body', path: 'credential.exclusive', message }],
  });
}

/** By the names that the API has for it, which are those that the adapters read. */
function connectionOf(
  { logins }: OAuthAdapter,
  { entraTenant, instanceUrl, loginUrl }: Extract<AdoptBody['credential'], { refreshToken: string }>,
): ConnectionContext {
  const place = logins && loginUrl !== undefined ? placeOf(logins, loginUrl) : {};
  const named = { entra_tenant: entraTenant, login_url: loginUrl, ...place, instance_url: instanceUrl };
  const given = Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return Object.fromEntries(given) as ConnectionContext;
}

/** As the connect page reads an address that a person enters: our secret goes there. */
function placeOf(logins: Logins, loginUrl: string): ConnectionContext {
  const place = logins.contextOf(loginUrl);
  if (place) return place;
  const message = `expected an address such as ${logins.example}`;
  throw new Problem('validation_failed', `In the body: credential.login_url: ${message}`, {
    errors: [{ in: 'body', path: 'credential.login_url', message }],
  });
}

const PASSWORD_FIELDS = {
  host: 'username, password, host, port and security',
  url: 'username, password and url',
};

/** A password is not used up by its first login: nothing is lost with this process. */
async function adoptPassword(
  context: ApiContext,
  body: AdoptBody,
  { way, given }: { way: PasswordSignIn; given: Extract<AdoptBody['credential'], { username: string }> },
): Promise<AdoptionOutcome> {
  const { tenant: tenantId, accessType } = body;
  const { email } = body.account;
  const { username } = given;
  const password = new Secret(given.password);
  const named =
    'url' in given
      ? { url: given.url, authentication: given.authentication }
      : { host: given.host, port: given.port, security: given.security };
  const server = await inTime('The server', LOGIN_TIMEOUT_MS, (signal) =>
    way.discover({ email, username, password }, named, signal),
  );
  if (!server) return serverNotFound(way);
  const credential = { kind: 'password', server, username, password } as const;
  const access = { ...credential, email, mailbox: email, context: {} };
  const proof = await inTime(hostOf(server), LOGIN_TIMEOUT_MS, (signal) =>
    proveSignIn(context, accessType, access, signal),
  );
  const received = proof.identity.account.email;
  if (!isSameAddress(received, email)) return otherAccount(email, received);
  const request = requestOf(body);
  const smtp = 'smtp' in given ? (given.smtp ?? null) : null;
  const spec = adoptionSpec(accessType, request, body.uses ?? (smtp ? USES : ['read']));
  const sending = await sendingServer(context, { accessType, way, access, uses: spec.uses, given: smtp });
  if ('status' in sending) return sending;
  return completeSignIn(context, {
    tenantId,
    link: null,
    accessType,
    spec,
    credential: { ...credential, smtp: sending.smtp },
    proof,
    coveredUntil: request.coveredUntil === null ? null : new Date(request.coveredUntil),
  });
}

function requestOf({ account, kind, owner, coveredUntil, uses }: AdoptBody): AdoptionRequest {
  const { email, mailbox } = account;
  const asked = uses === undefined ? {} : { uses };
  const request = { email, kind, owner: owner ?? null, coveredUntil: coveredUntil ?? null, ...asked };
  return mailbox === undefined ? request : { ...request, mailbox };
}
