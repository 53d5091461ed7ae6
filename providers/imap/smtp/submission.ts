import { createEgressGuard } from '../../../net/egress.ts';
import type { SessionAccess } from '../../contract.ts';
import type { ImapLogin } from '../../imap-login.ts';
import type { SubmissionAccess } from './connection.ts';
import type { ImapSettings } from '../client.ts';
import { USERNAME, loginOf } from '../token-session.ts';

/**
 * The submission server of a mailbox and the login there: the server that stands with the password, or the one of the
 * token's provider, under the name that opens the mailbox. null: the channel only reads.
 */
export function submissionOf(
  { egress, certificateAuthorities }: Pick<ImapSettings, 'egress' | 'certificateAuthorities'>,
  logins: readonly ImapLogin[],
  access: SessionAccess,
): SubmissionAccess | null {
  if (access.kind === 'password') {
    const { smtp, username, password } = access;
    const credential = { kind: 'password', password } as const;
    return smtp ? { server: smtp, username, credential, egress, certificateAuthorities } : null;
  }
  const { smtp: server } = loginOf(logins, access);
  const username = access.context[USERNAME];
  if (server === null || username === undefined) return null;
  const credential = { kind: 'token', accessToken: access.accessToken } as const;
  // Configured, and named by no person.
  const own = createEgressGuard({ allow: [`${server.host}:${server.port}`] });
  return { server, username, credential, egress: own, certificateAuthorities };
}
