import { inTime } from '../../domain/limits/in-time.ts';
import type { AccessType, Use } from '../../domain/access-type.ts';
import type { SubmissionServer } from '../../domain/server.ts';
import type { PasswordSignIn, SessionAccess } from '../../providers/contract.ts';
import { refusalOfSending } from '../../connections/prove-sending.ts';
import type { ApiContext } from '../api-context.ts';
import { sendingFailure, sendingServerNotFound } from './sign-in-failure.ts';
import type { SignInFailure } from './sign-in-failure.ts';

/** A directory and the DNS are asked. */
const DISCOVERY_TIMEOUT_MS = 15_000;

interface Sending {
  accessType: AccessType;
  way: PasswordSignIn;
  /** The login that just worked. */
  access: SessionAccess & { kind: 'password' };
  uses: readonly Use[];
  /** The server that was named; null: it is found by the address. */
  given: SubmissionServer | null;
}

/**
 * The server that sends with a password, which has just been logged in to; null: the channel only reads, or one server does
 * both. A failure where there is none, or where it refuses the login: nothing is stored then.
 */
export async function sendingServer(
  context: ApiContext,
  { accessType, way, access, uses, given }: Sending,
): Promise<{ smtp: SubmissionServer | null } | SignInFailure> {
  if (!uses.includes('send') || !way.discoverSubmission) return { smtp: null };
  const smtp = given ?? (await discover(way, access));
  if (!smtp) return sendingServerNotFound;
  const refusal = await refusalOfSending(context, accessType, { ...access, smtp });
  return refusal ? sendingFailure(refusal, 'password') : { smtp };
}

const discover = (way: PasswordSignIn, { email, server }: Sending['access']) =>
  inTime('The directory of mail servers', DISCOVERY_TIMEOUT_MS, async (signal) =>
    way.discoverSubmission ? way.discoverSubmission({ email }, server, signal) : null,
  );
