import type { Request } from 'express';
import { findTenantOfSignIn } from '../../db/across-tenants/owners.ts';
import type { Transaction } from '../../db/client.ts';
import { clearFailure } from '../../db/access/links.ts';
import type { LinkResult } from '../../db/access/links.ts';
import { consumeSignIn, findSignIn } from '../../db/access/sign-ins.ts';
import type { SignInRow } from '../../db/access/sign-ins.ts';
import type { ConnectionContext } from '../../domain/connection-context.ts';
import type { Secret } from '../../domain/secret.ts';
import { ProviderError } from '../../domain/verdict.ts';
import { readAuthorizationAnswer } from '../../providers/oauth.ts';
import type { AuthorizationAnswer } from '../../providers/oauth.ts';
import type { OAuthAdapter } from '../../providers/contract.ts';
import type { ApiContext } from '../api-context.ts';
import { Problem } from '../http/problem.ts';
import { sha256 } from '../../crypto/random-secrets.ts';
import { connectionOf, openTrip, redirectUri } from './authorize.ts';
import { isSameBrowser } from './browser.ts';
import { completeSignIn, readCodeAnswer } from '../../connections/complete-sign-in.ts';
import { compareGrant } from '../../channels/granted-uses.ts';
import { proveGrant, refusalToSend } from '../../connections/prove-grant.ts';
import {
  isOffered,
  isRepaired,
  movableBy,
  namespacesOf,
  reopenLink,
  sharedMailbox,
  wantedMailbox,
  whyOver,
} from './open-link.ts';
import type { OpenLink } from './open-link.ts';
import { failureOf, recordFailure, sendingFailure } from './sign-in-failure.ts';
import type { SignInFailure } from './sign-in-failure.ts';

const EXCHANGE_TIMEOUT_MS = 30_000;

/** Where the person goes next, and with what. `opened` null: the link is unknown. */
export interface CallbackOutcome {
  opened: OpenLink | null;
  /** null: the first callback of this sign-in is still at work, or died at it; the link's page tells which. */
  result: LinkResult | null;
}

interface Back {
  provider: string;
  parameters: URLSearchParams;
  request: Request;
}

const fail = (code: string, detail: string): SignInFailure => ({ status: 'failed', code, detail });
const STATE_INVALID = fail('state_invalid', 'This sign-in was started in another browser, or too long ago');

/**
 * A person comes back from the provider. Everything about `state` is settled before the provider is asked anything:
 * it is consumed once, before the exchange, so no code is ever sent twice.
 */
export async function finishAuthorization(context: ApiContext, back: Back): Promise<CallbackOutcome> {
  const signIn = await findByState(context, back.parameters.get('state') ?? '');
  const isOurs =
    signIn && signIn.provider === back.provider && isSameBrowser(context, back.request, signIn.browserHash);
  // Another browser must not learn the link's address from a `state` it picked up.
  if (!isOurs) return { opened: null, result: STATE_INVALID };
  const { address, codeVerifier, place } = await openTrip(context, signIn);
  const opened = await reopenLink(context, { id: signIn.linkId, tenantId: signIn.tenantId, address }).catch(nullIfGone);
  if (!opened) return { opened: null, result: STATE_INVALID };
  const now = await context.clock.now();
  const isFirst = await context.database.inTenant(signIn.tenantId, (tx) => begin(tx, signIn, now));
  if (!isFirst) return { opened, result: opened.end.result };
  context.killPoint('sign_in.consumed');
  const result = await signInResult(context, { opened, signIn, codeVerifier, place, parameters: back.parameters, now });
  if (result.status === 'failed') await recordFailure(context, opened.link, result);
  return { opened, result };
}

/** What fails for another reason says nothing of the sign-in: it is not used up, and the page can be loaded again. */
function nullIfGone(error: unknown): null {
  if (error instanceof Problem && error.code === 'not_found') return null;
  throw error;
}

/** Another callback, or one of a process that died here, must not pass an earlier sign-in's failure for its own. */
async function begin(tx: Transaction, { stateHash, linkId }: SignInRow, now: Date): Promise<boolean> {
  const isFirst = await consumeSignIn(tx, stateHash, now);
  if (isFirst) await clearFailure(tx, linkId);
  return isFirst;
}

async function findByState(context: ApiContext, state: string): Promise<SignInRow | null> {
  const hash = sha256(state);
  const tenantId = await context.limits.lookups.take(() => findTenantOfSignIn(context.database, hash));
  return tenantId === null ? null : context.database.inTenant(tenantId, (tx) => findSignIn(tx, hash));
}

interface Trip {
  opened: OpenLink;
  signIn: SignInRow;
  codeVerifier: Secret;
  place: ConnectionContext;
  parameters: URLSearchParams;
  now: Date;
}

async function signInResult(context: ApiContext, trip: Trip): Promise<LinkResult> {
  const { opened, signIn, now } = trip;
  if (signIn.expiresAt <= now) return STATE_INVALID;
  // Another person signed in while this one was at the provider's page: there is nothing left to do.
  const { result } = opened.end;
  if (isRepaired(result)) return result;
  const over = whyOver(opened.end, now);
  if (over) return { status: 'failed', ...over };
  const provider = context.providers.get(signIn.accessType);
  const oauth = provider?.signIn.oauth.find((one) => one.provider === signIn.provider);
  if (!provider || !oauth || !isOffered(opened, signIn.accessType)) {
    return fail('access_type_not_allowed', `${signIn.accessType} is not allowed here any more`);
  }
  const answer = readAuthorizationAnswer(trip.parameters, oauth.issuers);
  if ('error' in answer) return authorizationError(oauth, answer);
  try {
    return await exchangeAndStore(context, trip, oauth, answer.code);
  } catch (error) {
    if (error instanceof ProviderError) return failureOf(error, 'oauth');
    throw error;
  }
}

/** A person cannot heal what an admin has to allow, so the provider's map is asked first. */
function authorizationError(
  oauth: OAuthAdapter,
  { error, description = '' }: Extract<AuthorizationAnswer, { error: string }>,
): SignInFailure {
  const body = JSON.stringify({ error, error_description: description });
  const { kind } = oauth.classify({ operation: 'login', httpStatus: null, headers: {}, body });
  const { provider } = oauth;
  if (kind === 'admin_action') return fail('admin_consent_required', `${provider} asks for an admin’s consent`);
  if (error === 'access_denied') return fail('access_denied', `Access was not given at ${provider}`);
  return fail('provider_error', `${provider} ended the sign-in with "${error}"`);
}

function refusalOrThrow(error: unknown): ProviderError {
  if (error instanceof ProviderError) return error;
  throw error;
}

async function exchangeAndStore(
  context: ApiContext,
  trip: Trip,
  oauth: OAuthAdapter,
  code: string,
): Promise<LinkResult> {
  const { link, channel } = trip.opened;
  const { accessType } = trip.signIn;
  const known = await connectionOf(context, trip.opened, accessType);
  const sent = {
    redirectUri: redirectUri(context, oauth),
    code,
    codeVerifier: trip.codeVerifier,
    context: { ...known.context, ...trip.place },
  };
  const signal = AbortSignal.timeout(EXCHANGE_TIMEOUT_MS);
  const askedAt = await context.clock.now();
  const answered = await readCodeAnswer(oauth, await oauth.exchangeRequest(sent, signal), sent.context);
  const tokens = { ...answered, context: { ...oauth.logins?.kept(sent.context), ...answered.context } };
  context.killPoint('sign_in.exchanged');
  const { granted, lacking } = compareGrant(oauth, tokens.scopes, link.spec.uses);
  if (lacking.length > 0) return fail('scope_missing', `A permission was not given: ${lacking.join(', ')}`);
  const { accessToken, idToken = null, context: connection } = tokens;
  const mailbox = sharedMailbox(trip.opened);
  const address = wantedMailbox(trip.opened);
  const at = { issuer: oauth.provider, mailbox, address, context: connection, ...namespacesOf(link) };
  const access = { kind: 'token', accessToken, idToken, ...at } as const;
  const movable = await movableBy(context, trip.opened, accessType);
  const pinned = { isPinned: channel !== null, movable };
  const proof = await proveGrant(context, accessType, access, pinned).catch(refusalOrThrow);
  if (proof instanceof ProviderError) return failureOf(proof, 'mailbox');
  const refusal = await refusalToSend(context, accessType, access, { proof, granted });
  if (refusal) return sendingFailure(refusal, 'oauth');
  const credential = { kind: 'oauth', provider: oauth.provider, tokens, askedAt } as const;
  const { tenantId, spec } = link;
  const signIn = { tenantId, link, accessType, spec, granted, credential, proof, coveredUntil: null };
  return completeSignIn(context, signIn);
}
