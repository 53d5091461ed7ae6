import { normalAddress } from '../../domain/address.ts';
import type { ImapServer } from '../../domain/server.ts';
import type { ImapLogin } from '../imap-login.ts';
import { submissionServer } from '../mail-server.ts';
import type { CallSettings } from './api-calls.ts';
import type { ProviderFile } from './file-format.ts';
import { findOwner } from './identity.ts';
import { createFileOAuth } from './oauth.ts';

interface MailServer {
  host: string;
  port: number;
}

/** How the mailboxes of a file's provider open over IMAP: with its tokens, by the address that its identity call tells. */
export function createFileImapLogin(
  file: ProviderFile,
  settings: CallSettings,
  { imap, smtp }: { imap: MailServer; smtp: MailServer | undefined },
): ImapLogin {
  const server: ImapServer = { kind: 'imap', ...imap, security: 'tls' };
  return {
    oauth: { ...createFileOAuth(file, settings), confirmations: { tries: 2, gapMs: 60_000 } },
    server,
    smtp: smtp ? submissionServer(smtp) : null,
    async findOwner({ accessToken, context }, signal) {
      const { account, grantKey } = await findOwner(file, settings, { accessToken, context, signal });
      const { email, login, providerId } = account;
      const named = { email, login, providerId };
      // A file does not say how its provider proves an address.
      const mailbox = { username: login, account: named, mailboxKey: normalAddress(email), vouchesForAddress: false };
      return { mailboxes: [mailbox], grantKey };
    },
  };
}
