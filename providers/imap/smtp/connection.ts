import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { createTransport } from 'nodemailer';
import type { NodemailerError, SMTPTransportOptions } from 'nodemailer';
import type { Secret } from '../../../domain/secret.ts';
import type { SubmissionServer } from '../../../domain/server.ts';
import { withAuthorities } from '../../../net/certificates.ts';
import { SUBMISSION_PORTS } from '../../../net/egress.ts';
import type { EgressGuard } from '../../../net/egress.ts';
import { bearerLogin, BEARER } from './bearer-login.ts';
import { submissionFailure } from './errors.ts';

/** The longest wait at each step, in ms. A server may need long after the last byte of a mail. */
const LIMITS = { connection: 15_000, greeting: 15_000, idle: 60_000 };

/** A login at a submission server: by a password, or by an access token of the server's provider. */
export interface SubmissionAccess {
  server: SubmissionServer;
  username: string;
  credential: { kind: 'password'; password: Secret } | { kind: 'token'; accessToken: Secret };
  egress: EgressGuard;
  /** PEM of further certificate authorities; null without any. */
  certificateAuthorities: string | null;
}

export type SubmissionTransport = ReturnType<typeof createTransport>;

/**
 * Connects through the egress guard and hands `work` a transport for one call, `verify` or `sendMail`: it greets, secures
 * the connection and logs in before anything else. Nothing secret is sent before TLS stands with a verified certificate
 * (S-52). The connection ends with the work or with the signal. Throws what `work` throws; `submissionFailure` reads it.
 */
export async function throughSubmission<Result>(
  access: SubmissionAccess,
  signal: AbortSignal,
  work: (transport: SubmissionTransport) => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted();
  const socket = await connectThroughGuard(access, signal);
  const end = () => void socket.destroy();
  signal.addEventListener('abort', end, { once: true });
  try {
    return await work(createTransport(transportOptions(access, socket)));
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw error;
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/** One login that sends nothing: the proof that mail can be handed in. Throws `ProviderError`. */
export async function verifySubmission(access: SubmissionAccess, signal: AbortSignal): Promise<void> {
  try {
    await throughSubmission(access, signal, (transport) => transport.verify());
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
    socket.setTimeout(LIMITS.connection, () => fail(new Error('ETIMEDOUT: no connection')));
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

function transportOptions(access: SubmissionAccess, connection: Socket): SMTPTransportOptions {
  const { server, username, credential, certificateAuthorities } = access;
  const authorities = withAuthorities(certificateAuthorities);
  const isToken = credential.kind === 'token';
  return {
    connection,
    host: server.host,
    port: server.port,
    secure: server.security === 'tls',
    requireTLS: server.security === 'starttls',
    tls: { minVersion: 'TLSv1.2', ...(authorities ? { ca: authorities } : {}) },
    auth: isToken ? { user: username, method: BEARER } : { user: username, pass: credential.password.reveal() },
    ...(isToken ? { customAuth: { [BEARER]: bearerLogin(username, credential.accessToken) } } : {}),
    // A server that hides AUTH would otherwise pass for one that took the login.
    forceAuth: true,
    connectionTimeout: LIMITS.connection,
    greetingTimeout: LIMITS.greeting,
    socketTimeout: LIMITS.idle,
    logger: false,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
