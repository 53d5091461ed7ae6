import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { NodemailerError } from 'nodemailer';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { Secret } from '../../../domain/secret.ts';
import type { SubmissionServer } from '../../../domain/server.ts';
import { withAuthorities } from '../../../net/certificates.ts';
import { SUBMISSION_PORTS } from '../../../net/egress.ts';
import type { EgressGuard } from '../../../net/egress.ts';
import { bearerLogin, BEARER } from './bearer-login.ts';
import { submissionFailure } from './errors.ts';

/** The longest waits for a server, in ms. */
const CONNECTION_MS = 15_000;
const GREETING_MS = 15_000;
/** For each reply before the content of a mail. */
const IDLE_MS = 60_000;

/** A login at a submission server: by a password, or by an access token of the server's provider. */
export interface SubmissionAccess {
  server: SubmissionServer;
  username: string;
  credential: { kind: 'password'; password: Secret } | { kind: 'token'; accessToken: Secret };
  egress: EgressGuard;
  /** PEM of further certificate authorities; null without any. */
  certificateAuthorities: string | null;
  /** How long a reply before the content is waited for, in ms; absent: a minute. */
  idleMs?: number;
}

/**
 * Connects through the egress guard, greets, secures the connection and logs in, and hands `work` the connection. Nothing
 * secret is sent before TLS stands with a verified certificate (S-52). The connection ends with the work or with the signal.
 * Throws what `work` throws; `submissionFailure` reads it.
 */
export async function throughSubmission<Result>(
  access: SubmissionAccess,
  signal: AbortSignal,
  work: (smtp: SMTPConnection) => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted();
  const socket = await connectThroughGuard(access, signal);
  const smtp = new SMTPConnection(connectionOptions(access, socket));
  const end = () => void socket.destroy();
  signal.addEventListener('abort', end, { once: true });
  try {
    const result = await Promise.race([logInAndWork(access, smtp, work), endOf(smtp)]);
    smtp.quit();
    return result;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw error;
  } finally {
    signal.removeEventListener('abort', end);
    smtp.close();
  }
}

async function logInAndWork<Result>(
  access: SubmissionAccess,
  smtp: SMTPConnection,
  work: (smtp: SMTPConnection) => Promise<Result>,
): Promise<Result> {
  await called((done) => smtp.connect(done));
  // Also at a server that hides AUTH, which would otherwise pass for one that took the login.
  await called((done) => smtp.login(authOf(access), done));
  return work(smtp);
}

/** Rejects when the connection ends; the error that a step reports of the same end comes first. */
function endOf(smtp: SMTPConnection): Promise<never> {
  return new Promise((_resolve, reject) => {
    const later = (error: Error) => void setImmediate(() => reject(error));
    smtp.once('error', later);
    smtp.once('end', () => later(new Error('Connection closed')));
  });
}

/** The end of a step that calls back. */
export function called<Result>(
  step: (done: (error?: NodemailerError | null, result?: Result) => void) => void,
): Promise<Result | undefined> {
  return new Promise((resolve, reject) => step((error, result) => (error ? reject(error) : resolve(result))));
}

/** One login that sends nothing: the proof that mail can be handed in. Throws `ProviderError`. */
export async function verifySubmission(access: SubmissionAccess, signal: AbortSignal): Promise<void> {
  try {
    await throughSubmission(access, signal, async () => {});
  } catch (error) {
    if (signal.aborted) throw error;
    throw submissionFailure(access, error as NodemailerError);
  }
}

/** A socket whose address the guard judged in the lookup that it used (S-50): nodemailer would look the name up itself. */
function connectThroughGuard({ server, egress }: SubmissionAccess, signal: AbortSignal): Promise<Socket> {
  const { host, port } = server;
  return new Promise((resolve, reject) => {
    const passage = egress.admit(host, port, SUBMISSION_PORTS);
    const socket = connect({ host, port, lookup: passage.lookup, autoSelectFamily: true });
    const fail = (error: Error) => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      reject(error);
    };
    const abort = () => fail(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    socket.setTimeout(CONNECTION_MS, () => fail(new Error('ETIMEDOUT: no connection')));
    socket.once('error', fail);
    socket.once('connect', () => {
      passage.verify(socket);
      if (socket.destroyed) return fail(socket.errored ?? new Error('The connection was closed at once'));
      socket.setTimeout(0);
      socket.off('error', fail);
      signal.removeEventListener('abort', abort);
      resolve(socket);
    });
  });
}

function connectionOptions(access: SubmissionAccess, connection: Socket): SMTPConnection.Options {
  const { server, username, credential, certificateAuthorities, idleMs = IDLE_MS } = access;
  const authorities = withAuthorities(certificateAuthorities);
  const isToken = credential.kind === 'token';
  return {
    connection,
    host: server.host,
    port: server.port,
    secure: server.security === 'tls',
    requireTLS: server.security === 'starttls',
    tls: { minVersion: 'TLSv1.2', ...(authorities ? { ca: authorities } : {}) },
    ...(isToken ? { customAuth: { [BEARER]: bearerLogin(username, credential.accessToken) } } : {}),
    connectionTimeout: CONNECTION_MS,
    greetingTimeout: GREETING_MS,
    socketTimeout: idleMs,
    logger: false,
  };
}

const authOf = ({ username: user, credential }: SubmissionAccess): SMTPConnection.AuthenticationType =>
  credential.kind === 'token'
    ? { user, method: BEARER }
    : { credentials: { user, pass: credential.password.reveal() } };
