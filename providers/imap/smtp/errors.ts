import type { NodemailerError } from 'nodemailer';
import type { SubmissionServer } from '../../../domain/server.ts';
import { verdict } from '../../../domain/verdict-builders.ts';
import { ProviderError } from '../../../domain/verdict.ts';
import type { Verdict } from '../../../domain/verdict.ts';
import { networkCode, networkFailure } from '../../../net/network-failure.ts';
import { classifyImap, classifyTokenLogin, pageNamed } from '../errors.ts';

/**
 * The verdict of a failed login at a mail server, the same as over IMAP: logins fail in the same words. The message names the
 * server, and holds none of its words but a page of Google's.
 */
export function submissionFailure(
  { server, credential }: { server: SubmissionServer; credential: { kind: 'password' | 'token' } },
  error: NodemailerError,
): ProviderError {
  const name = `${server.host}:${server.port}`;
  const response = error.response ?? '';
  // A refused STARTTLS is no refusal of the login.
  if (error.code === 'ETLS' && response !== '') return networkFailure(name, 'login', new Error('starttls_missing'));
  if (error.code === 'EPROTOCOL' && !/^\d{3}[ -]/.test(response)) {
    return failed(`${name} does not speak SMTP`, 'wrong_protocol');
  }
  if (response === '') return connectionFailure(server, error);
  const classify = credential.kind === 'token' ? classifyTokenLogin : classifyImap;
  const said: Verdict = classify({ operation: 'login', httpStatus: null, headers: {}, body: response });
  // Only a configured server may name a page: one that a person chose could name any.
  const page = credential.kind === 'token' ? pageNamed(response) : null;
  const asks = page === null ? '' : ` and asks for a sign-in at ${page} first`;
  return new ProviderError(
    `${name} refused (${said.providerCode ?? error.responseCode ?? 'no code'})${asks}`,
    page === null ? said : { ...said, page },
  );
}

/** The verdict of a connection that ended without words of the server. */
export function connectionFailure({ host, port, security }: SubmissionServer, error: NodemailerError): ProviderError {
  const name = `${host}:${port}`;
  const isPlain = security === 'tls' && networkCode(error) === 'tls_failed';
  if (isPlain) return failed(`${name} speaks SMTP without TLS; starttls may be right`, 'wrong_security');
  return networkFailure(name, 'login', error);
}

const failed = (message: string, providerCode: string) =>
  new ProviderError(message, verdict('transient', 'network', { providerCode }));
