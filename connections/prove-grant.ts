import type { AccessType, ProviderName, Use } from '../domain/access-type.ts';
import { inTime } from '../domain/limits/in-time.ts';
import type { ProviderError } from '../domain/verdict.ts';
import type { SessionAccess } from '../providers/contract.ts';
import type { Context } from '../runtime/context.ts';
import { proveSignIn } from './complete-sign-in.ts';
import type { Movable } from './complete-sign-in.ts';
import { refusalOfSending } from './prove-sending.ts';
import type { SignInProof } from './sign-in.ts';

const PROOF_TIMEOUT_MS = 45_000;

type GrantAccess = Extract<SessionAccess, { kind: 'token' }> & { issuer: ProviderName };

/** Uses a new grant once (`proveSignIn`). Throws `ProviderError`. */
export function proveGrant(
  context: Context,
  accessType: AccessType,
  access: GrantAccess,
  options: { isPinned?: boolean; movable?: Movable | null },
): Promise<SignInProof> {
  return inTime(access.issuer, PROOF_TIMEOUT_MS, (signal) => proveSignIn(context, accessType, access, signal, options));
}

/** The refusal of the server that sends, where a proved grant allows to send; null: none. */
export async function refusalToSend(
  context: Context,
  accessType: AccessType,
  access: GrantAccess,
  { proof, granted }: { proof: SignInProof; granted: readonly Use[] },
): Promise<ProviderError | null> {
  if (!granted.includes('send')) return null;
  const proved = { ...access, context: { ...access.context, ...proof.identity.context } };
  return refusalOfSending(context, accessType, proved);
}
