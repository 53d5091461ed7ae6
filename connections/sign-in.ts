import type { Context } from '../runtime/context.ts';
import type { AsidePart } from '../credentials/heads.ts';
import type { LinkRow } from '../db/access/links.ts';
import type { LinkResult, LinkSpec } from '../db/schema/links.ts';
import type { AccessType, ProviderName, Use } from '../domain/access-type.ts';
import type { Secret } from '../domain/secret.ts';
import type { Server, SubmissionServer } from '../domain/server.ts';
import type { Evidence } from '../imports/evidence.ts';
import type { Identity, ScopeHead, TokenSet } from '../providers/contract.ts';
import { missingOf, possibleUses } from '../channels/granted-uses.ts';

/** The new credential: tokens of a consent, or a password that was just used. */
export type SignInCredential =
  /** `askedAt`: before the request left that the provider answered with the tokens. */
  | { kind: 'oauth'; provider: ProviderName; tokens: TokenSet; askedAt: Date }
  | { kind: 'password'; server: Server; username: string; password: Secret; smtp?: SubmissionServer | null };

/** What a real call proved: the identity, and where the account stands now. */
export interface SignInProof {
  identity: Identity;
  heads: ScopeHead[];
  /** Parts that are refused; the channel is connected without them. */
  aside: AsidePart[];
  /** The provider's date of what came last before the heads were taken, null for nothing; absent where it is not told. */
  newestAt?: Date | null | undefined;
  /** The evidence for a channel whose access the sign-in may change; null: nothing was compared. */
  evidence?: Evidence | null;
}

export interface SignIn {
  tenantId: string;
  /** null when the product hands the credential over itself (adoption). */
  link: LinkRow | null;
  accessType: AccessType;
  spec: LinkSpec;
  /** The uses that the credential allows, of those in the spec; absent: all of them. */
  granted?: Use[];
  credential: SignInCredential;
  proof: SignInProof;
  /** Up to when the product has an adopted channel's mail; null: imports begin now. */
  coveredUntil: Date | null;
  /** The adoption behind these tokens, and when the provider answered; it ends with the sign-in. */
  adoption?: { tokenHash: string; answeredAt: Date };
}

/** All folders are covered only up to the first head that was taken; null where the provider tells no time. */
export function earliestHead(heads: SignInProof['heads']): Date | null {
  const times = heads.flatMap(({ at }) => (at ? [at.getTime()] : []));
  return times.length === heads.length && times.length > 0 ? new Date(Math.min(...times)) : null;
}

/** When the second is over in which a message came, in ms. */
export function endOfSecond(at: Date): number {
  return (Math.floor(at.getTime() / 1_000) + 1) * 1_000;
}

/** The part of a sign-in that may be shown again: a password's server, never the password. */
export function serverOf(credential: SignInCredential): Server | null {
  return credential.kind === 'password' ? credential.server : null;
}

/** The uses that the credential allows, and those that were asked for and are missing. */
export function usesOf(
  { providers }: Pick<Context, 'providers'>,
  { accessType, spec, granted = spec.uses }: Pick<SignIn, 'accessType' | 'spec' | 'granted'>,
): { uses: Use[]; missingUses: Use[] } {
  const uses = possibleUses(providers.get(accessType), granted);
  return { uses, missingUses: missingOf(spec.uses, uses) };
}

/** The server that sends with a password; null: the channel only reads, or the provider's own server or API sends. */
export function submissionOf(credential: SignInCredential): SubmissionServer | null {
  return credential.kind === 'password' ? (credential.smtp ?? null) : null;
}

/** Why a sign-in was refused. */
export type Failure = Extract<LinkResult, { status: 'failed' }>;

export const failure = (code: string, detail: string): Failure => ({ status: 'failed', code, detail });
