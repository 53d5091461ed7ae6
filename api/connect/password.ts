import { setTimeout as sleep } from 'node:timers/promises';
import type { ChannelRow } from '../../db/channels/channels.ts';
import type { LinkResult } from '../../db/access/links.ts';
import { Secret } from '../../domain/secret.ts';
import { hostOf, nameOfServer } from '../../domain/server.ts';
import type { Server, SubmissionServer } from '../../domain/server.ts';
import { ProviderError } from '../../domain/verdict.ts';
import { inTime } from '../../domain/limits/in-time.ts';
import type { GivenServer, PasswordSignIn } from '../../providers/contract.ts';
import type { ApiContext } from '../api-context.ts';
import { Problem } from '../http/problem.ts';
import type { PasswordBody } from '../schemas/connect.ts';
import { limitPasswords } from './attempt-limit.ts';
import { completeSignIn, proveSignIn } from '../../connections/complete-sign-in.ts';
import { movableBy, namespacesOf, requireUsable, wantedMailbox } from './open-link.ts';
import type { OpenLink } from './open-link.ts';
import type { SignInCredential } from '../../connections/sign-in.ts';
import { sendingServer } from './sending-server.ts';
import { failureOf, problemOf, recordFailure, serverNotFound } from './sign-in-failure.ts';

/** A person waits in front of the form, so a silent server is given up on after this, in ms. */
const LOGIN_TIMEOUT_MS = 45_000;

/**
 * What may not be connected to is never looked at, and is refused with the same words after the same time, in ms:
 * whether something is there, a form on the Internet must not tell (S-51).
 */
const DENIED_AFTER_MS = 1_000;

/**
 * Signs in with what was typed, and stores it only if a real login worked (rule 7). Answers with the channel's id;
 * throws a `Problem` that says what failed, which is then the link's result too.
 */
export async function signInWithPassword(context: ApiContext, opened: OpenLink, body: PasswordBody): Promise<string> {
  const now = await context.clock.now();
  requireUsable(opened, body.accessType, now);
  const way = context.providers.get(body.accessType)?.signIn.password;
  if (!way) {
    throw new Problem('no_password_for_access_type', `${body.accessType} signs in on the provider’s page`);
  }
  if (body.url !== undefined && way.server.asks !== 'url') {
    throw new Problem('not_supported_yet', `url: a server of ${body.accessType} is named by host and port`);
  }
  if (body.authentication !== undefined && way.server.asks !== 'url') {
    throw new Problem(
      'not_supported_yet',
      `authentication: a server of ${body.accessType} is given the password alone`,
    );
  }
  refuseUnwantedSmtp(opened, body, way);
  await limitPasswords(context, opened.link, now);
  const silence = sleep(DENIED_AFTER_MS, undefined, { ref: false });
  const result = await tryPassword(context, opened, { way, body }).catch((error: unknown) => {
    if (error instanceof ProviderError) return failureOf(error, 'password');
    throw error;
  });
  if (result.status === 'connected') return result.channel;
  await recordFailure(context, opened.link, result);
  if (result.code === 'egress_denied') await silence;
  throw problemOf(result);
}

/** A password goes to no server that the link has no use for. */
function refuseUnwantedSmtp({ link }: OpenLink, { smtp }: PasswordBody, way: PasswordSignIn): void {
  if (smtp === undefined || (link.spec.uses.includes('send') && way.discoverSubmission)) return;
  const message = link.spec.uses.includes('send')
    ? 'expected nothing: this access type sends by the server that it reads'
    : 'expected nothing: the link asks for no sending';
  throw new Problem('validation_failed', `In the body: smtp: ${message}`, {
    errors: [{ in: 'body', path: 'smtp', message }],
  });
}

async function tryPassword(
  context: ApiContext,
  opened: OpenLink,
  { way, body }: { way: PasswordSignIn; body: PasswordBody },
): Promise<LinkResult> {
  const { link } = opened;
  const { username } = body;
  const password = new Secret(body.password);
  const login = { email: mailboxOf(opened, body, null), username, password };
  const server = await inTime('The server', LOGIN_TIMEOUT_MS, (signal) =>
    way.discover(login, serverGiven(opened, body), signal),
  );
  if (!server) return serverNotFound(way);
  const credential: SignInCredential = { kind: 'password', server, username, password };
  const email = mailboxOf(opened, body, hostOf(server));
  const access = { ...credential, email, mailbox: wantedMailbox(opened), context: {}, ...namespacesOf(link) };
  const movable = await movableBy(context, opened, body.accessType);
  const proof = await inTime(hostOf(server), LOGIN_TIMEOUT_MS, (signal) =>
    proveSignIn(context, body.accessType, access, signal, { isPinned: opened.channel !== null, movable }),
  );
  const { tenantId, spec } = link;
  const { accessType } = body;
  const sending = await sendingServer(context, {
    accessType,
    way,
    access,
    uses: spec.uses,
    given: smtpGiven(opened, body, server),
  });
  if ('status' in sending) return sending;
  const withSmtp = { ...credential, smtp: sending.smtp };
  return completeSignIn(context, { tenantId, link, accessType, spec, credential: withSmtp, proof, coveredUntil: null });
}

/** The server that the form names, else a pinned channel's own, if its mailbox stays where it is. */
function smtpGiven({ channel }: OpenLink, { smtp }: PasswordBody, server: Server): SubmissionServer | null {
  if (smtp) return smtp;
  return channel?.server && nameOfServer(channel.server) === nameOfServer(server) ? channel.smtp : null;
}

/** Where none is named, a pinned channel's own: what is found by the address may be another one. */
function serverGiven({ channel }: OpenLink, body: PasswordBody): GivenServer {
  const { accessType, host, port, security, url, authentication } = body;
  const stored = channel?.accessType === accessType ? channel.server : null;
  if (!stored || host !== undefined || url !== undefined) return { host, port, security, url, authentication };
  if (stored.kind === 'ews') return { url: stored.url, authentication: authentication ?? stored.authentication };
  const samePort = port === undefined || port === stored.port;
  return {
    host: stored.host,
    port: port ?? stored.port,
    security: security ?? (samePort ? stored.security : undefined),
  };
}

/**
 * The mailbox a login reads: IMAP does not say, so the login's own address is believed. A login that is none is the
 * pinned channel's if it is its login, else the one the link was made for; never the channel's by mere assumption,
 * or another person's mailbox would pass for it.
 */
function mailboxOf({ link, channel }: OpenLink, { username }: PasswordBody, host: string | null): string {
  if (username.includes('@')) return username;
  if (channel && isLoginOf(channel, username)) return channel.accountEmail;
  const intended = channel ? null : (link.spec.mailbox ?? link.spec.owner?.email);
  return intended ?? `${username}@${host ?? ''}`;
}

const isLoginOf = (channel: ChannelRow, username: string) =>
  channel.accountLogin.toLowerCase() === username.toLowerCase();
