import { inTime } from '../../domain/limits/in-time.ts';
import type { AccessType, Use } from '../../domain/access-type.ts';
import type { SubmissionServer } from '../../domain/server.ts';
import type { PasswordSignIn, SessionAccess } from '../../providers/contract.ts';
import { refusalOfSending } from '../../connections/prove-sending.ts';
import type { ApiContext } from '../api-context.ts';
import { sendingFailure, sendingServerNotFound } from './sign-in-failure.ts';
import type { SignInFailure } from './sign-in-failure.ts';

/** The discovery asks a directory and the DNS. */
const DISCOVERY_TIMEOUT_MS = 15_000;

interface Sending {
  accessType: AccessType;
  way: PasswordSignIn;
  /** The login that just worked. */
  access: SessionAccess & { kind: 'password' };
  uses: readonly Use[];
  /** The server that the request names; null: it is discovered by the address. */
  given: SubmissionServer | null;
}

/**
 * The server that sends with a password, after a login there; null: the channel only reads, or one server does both. A
 * failure, after which nothing is stored, where no server is found or the login is refused.
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
