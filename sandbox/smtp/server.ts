import type { Socket } from 'node:net';
import { SMTPServer } from 'smtp-server';
import type { SMTPServerAuthentication, SMTPServerAuthenticationResponse, SMTPServerSession } from 'smtp-server';
import { sandboxCertificate } from '../certificate.ts';
import type { ProviderDeps, ProviderName } from '../provider.ts';
import { meetFaults, refusal } from './faults.ts';

/** The differences between the submission servers of the providers. */
export interface SubmissionOfProvider {
  readonly provider: ProviderName;
  readonly logins:
    | { readonly by: 'password'; admits(user: string, password: string): boolean }
    | {
        readonly by: 'token';
        admits(user: string, token: string): boolean;
        /** The challenge before the refusal of a token, sent in base64; null: the refusal comes at once. */
        readonly challenge: Record<string, string> | null;
      };
  readonly refusal: string;
  /** The refusal of a login that may not send as that address; null or absent: it may. */
  refusesSender?(user: string, from: string): string | null;
  /** The folder with the copies of sent mail. */
  readonly sentFolder: string;
}

export interface SubmissionServer {
  readonly port: number;
  close(): Promise<void>;
}

const MOST_BYTES = 35 * 1_048_576;

/** Message submission (RFC 6409): it begins in the clear, and takes no login before STARTTLS. */
export async function openSubmissionServer(deps: ProviderDeps, own: SubmissionOfProvider): Promise<SubmissionServer> {
  const { key, certificate: cert } = await sandboxCertificate(deps.dir);
  const sockets = new Map<number, Socket>();
  const cut = ({ remotePort }: SMTPServerSession) => sockets.get(remotePort)?.destroy();
  const server = new SMTPServer({
    key,
    cert,
    size: MOST_BYTES,
    authMethods: own.logins.by === 'token' ? ['XOAUTH2'] : ['PLAIN', 'LOGIN'],
    banner: 'Mooring sandbox SMTP ready',
    disableReverseLookup: true,
    logger: false,
    onAuth(auth, session, answer) {
      logIn(deps, own, auth)
        .then((admitted) => (admitted === 'cut' ? void cut(session) : answer(null, admitted)))
        .catch((error: Error) => answer(error));
    },
    onData(stream, session, answer) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        if (stream.sizeExceeded) return answer(refusal(552, '5.3.4 Message size exceeds fixed limit'));
        take(deps, own, session, Buffer.concat(chunks))
          .then((taken) => (taken === null ? void cut(session) : answer(null, taken)))
          .catch((error: Error) => answer(error));
      });
    },
  });
  server.on('error', () => {}); // a client that gives up
  server.server.on('connection', (socket) => {
    const port = socket.remotePort ?? 0;
    sockets.set(port, socket);
    socket.once('close', () => sockets.delete(port));
  });
  return {
    port: await deps.ports.listen(server.server, `${own.provider}-smtp`),
    async close() {
      for (const socket of sockets.values()) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function logIn(
  deps: ProviderDeps,
  { provider, logins, refusal: words }: SubmissionOfProvider,
  { method, username: user = '', password = '', accessToken = '' }: SMTPServerAuthentication,
): Promise<SMTPServerAuthenticationResponse | 'cut'> {
  const request = deps.requests.arrived(provider, 'login', { email: user, operation: `SMTP AUTH ${method}` });
  const faulty = await meetFaults(deps, { provider, kind: 'login', email: user });
  if (faulty.cut !== null) return 'cut';
  if (faulty.refusal) {
    request.answered(401);
    throw faulty.refusal;
  }
  const isAdmitted = logins.by === 'token' ? logins.admits(user, accessToken) : logins.admits(user, password ?? '');
  request.answered(isAdmitted ? 200 : 401);
  if (isAdmitted) return { user };
  if (logins.by === 'token' && logins.challenge !== null) return { data: logins.challenge };
  throw refusal(535, words);
}

/** Takes a mail: a copy for the sender, the mail itself to its recipients. Returns the last line, null for none. */
async function take(
  deps: ProviderDeps,
  own: SubmissionOfProvider,
  session: SMTPServerSession,
  raw: Buffer,
): Promise<string | null> {
  const { provider } = own;
  const user = String(session.user);
  const request = deps.requests.arrived(provider, 'send', { email: user, operation: 'SMTP DATA' });
  const faulty = await meetFaults(deps, { provider, kind: 'send', email: user });
  if (faulty.cut === 'request') return null;
  const { mailFrom, rcptTo } = session.envelope;
  const why = own.refusesSender?.(user, mailFrom ? mailFrom.address : '') ?? null;
  const refused = faulty.refusal ?? (why === null ? null : refusal(554, why));
  if (refused) {
    request.answered(403);
    throw refused;
  }
  deps.post.keep({ at: provider, email: user, folder: own.sentFolder, raw });
  deps.post.carry({ from: provider, to: rcptTo.map(({ address }) => address), raw });
  if (faulty.cut === 'processing') return null;
  request.answered(200);
  return `2.0.0 OK ${session.id}`;
}
