import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ImapFlow } from 'imapflow';
import type { MailboxObject } from 'imapflow';
import type { Namespace } from '../../domain/access-type.ts';
import type { Secret } from '../../domain/secret.ts';
import type { Operation, ProviderAnswer } from '../../domain/verdict.ts';
import { ProviderError } from '../../domain/verdict.ts';
import { withAuthorities } from '../../net/certificates.ts';
import { IMAP_PORTS } from '../../net/egress.ts';
import type { EgressGuard } from '../../net/egress.ts';
import { networkCode, networkFailure } from '../../net/network-failure.ts';
import type { ImapServer } from '../../domain/server.ts';
import { verdict } from '../../domain/verdict-builders.ts';
import { AnswerTooLarge, BoundedStream } from './bounded-stream.ts';
import type { LeftOut } from './bounded-stream.ts';
import { classifyImap, classifyTokenLogin, pageNamed } from './errors.ts';
import { FailureLog } from './wire/failure-log.ts';
import { nameToken, selectReadOnly } from './wire/folder-commands.ts';
import { wireOf } from './wire/folder-names.ts';
import { findMismatch, watchGreeting } from './wire/greeting.ts';
import { isListed } from './wire/list.ts';
import { readNamespacesOurselves } from './wire/namespaces.ts';
import { authenticateWithToken, TOKEN_BY_COMMAND } from './wire/xoauth2.ts';

const CONNECT_TIMEOUT_MS = 30_000;
const SILENCE_TIMEOUT_MS = 60_000;
/** A courtesy to the server; its answer does not matter. */
const LOGOUT_TIMEOUT_MS = 2_000;

export interface ImapSettings {
  egress: EgressGuard;
  certificateAuthorities: string | null;
  timeoutMs: number | null;
}

/** A login at a server: by a password, or by an access token of the provider whose server it is. */
export interface ImapAccess {
  server: ImapServer;
  username: string;
  credential: { kind: 'password'; password: Secret } | { kind: 'token'; accessToken: Secret };
  namespaces?: readonly Namespace[] | undefined;
}

/** What ImapFlow adds to the errors it throws. */
interface ImapFlowFailure extends Error {
  code?: string;
  /** The server's line; an object before ImapFlow has printed it. */
  response?: unknown;
  responseStatus?: string;
  responseText?: string;
  /** The text of the BYE that ended the session. */
  reason?: string;
}

/** A folder as the server told of it when it was examined. */
export interface ExaminedFolder {
  uidValidity: string;
  /** 0: a server older than RFC 3501, which does not tell it. */
  uidNext: number;
  exists: number;
}

/** The folder that stays selected, and what has to be as it was for it to be trusted. */
interface OpenFolder {
  scope: string;
  folder: ExaminedFolder;
  mailbox: MailboxObject;
  lastFailure: unknown;
}

/** One logged-in IMAP connection, which turns every failure into a `ProviderError`. */
export class ImapConnection {
  readonly flow: ImapFlow;
  readonly server: string;
  readonly #isTokens: boolean;
  readonly #signal: AbortSignal;
  readonly #failures: FailureLog;
  readonly #stream: BoundedStream;
  #open: OpenFolder | null = null;
  /** The bytes of folders' names by scope, as the last listing gave them. */
  #names: ReadonlyMap<string, string> = new Map();
  /** Folders that show the mail of all others, by scope. */
  #showsAll: ReadonlySet<string> = new Set();

  private constructor(flow: ImapFlow, access: ImapAccess, signal: AbortSignal, failures: FailureLog) {
    this.flow = flow;
    this.#stream = boundStream(flow, failures);
    this.server = nameOf(access);
    this.#isTokens = access.credential.kind === 'token';
    this.#signal = signal;
    this.#failures = failures;
    // ImapFlow reads this code after EXAMINE alone; told at another time it voids what we know of the open folder.
    Object.assign((flow as unknown as { sectionHandlers: object }).sectionHandlers, {
      UIDVALIDITY: async () => void (this.#open = null),
    });
  }

  /**
   * Connects, secures the connection and logs in. Nothing secret is sent before TLS stands with a verified
   * certificate (S-52): implicit TLS, or STARTTLS that must succeed. A PREAUTH greeting is refused, because it would
   * skip both. Throws `ProviderError`.
   */
  static async open(settings: ImapSettings, access: ImapAccess, signal: AbortSignal): Promise<ImapConnection> {
    signal.throwIfAborted();
    const failures = new FailureLog();
    let flow: ImapFlow;
    try {
      flow = createFlow(settings, access, failures);
    } catch (error) {
      throw networkFailure(nameOf(access), 'login', error);
    }
    const connection = new ImapConnection(flow, access, signal, failures);
    signal.addEventListener('abort', connection.#abort, { once: true });
    return await connection.run('login', async () => {
      await connectThroughGuard(flow, settings, access);
      // The greeting is set by an OK greeting only.
      if (flow.greeting === undefined) throw new Error('tls_failed: the server claims that we are logged in (PREAUTH)');
      return connection;
    });
  }

  readonly #abort = (): void => this.flow.close();

  /** Runs commands; a failure becomes a `ProviderError`, or the reason of an abort. */
  async run<Result>(operation: Operation, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (operation === 'login') this.close();
      throw this.understand(operation, error);
    }
  }

  understand(operation: Operation, error: unknown): unknown {
    if (this.#signal.aborted) return this.#signal.reason;
    if (error instanceof ProviderError) return error;
    const exceeded = error instanceof AnswerTooLarge ? error : this.#stream.exceeded;
    if (exceeded) return tooLarge(this.server, exceeded);
    const line = serverLine(error as ImapFlowFailure);
    if (line === null) return networkFailure(this.server, operation, error);
    const classify = this.#isTokens && operation === 'login' ? classifyTokenLogin : classifyImap;
    const verdict = classify({ ...NO_HTTP, operation, body: line });
    // A server that a person names could write a page, or a password, of its own.
    const page = this.#isTokens ? pageNamed(line) : null;
    const asks = page === null ? '' : ` and asks for a sign-in at ${page} first`;
    return new ProviderError(
      `${this.server} refused (${verdict.providerCode ?? 'no code'})${asks}`,
      page === null ? verdict : { ...verdict, page },
    );
  }

  /** Some ImapFlow commands answer `false` when they fail, and log why. */
  swallowed(operation: Operation): unknown {
    return this.understand(operation, this.#failures.last ?? new Error('NoConnection: the command was not completed'));
  }

  /** Whether the last search found more than it may bring. */
  get isSearchCut(): boolean {
    return this.#stream.isSearchCut;
  }

  /** Folders that the listings since the last call left out. */
  takeLeftOut(): LeftOut {
    return this.#stream.takeLeftOut();
  }

  /** False once the connection is lost or closed. */
  get usable(): boolean {
    return this.flow.usable;
  }

  /**
   * Selects the folder, read-only, unless it is selected already: EXAMINE costs a server more the larger the folder is.
   * After a refusal or a new UIDVALIDITY it is examined anew. `isCurrent`: it was, so UIDNEXT is of now. null when there
   * is no such folder.
   */
  async open(scope: string): Promise<{ folder: ExaminedFolder; isCurrent: boolean } | null> {
    if (this.#open?.scope === scope && this.#isTrusted(this.#open))
      return { folder: this.#open.folder, isCurrent: false };
    const folder = await this.examine(scope);
    return folder && { folder, isCurrent: true };
  }

  #isTrusted({ mailbox, lastFailure }: OpenFolder): boolean {
    return this.flow.mailbox === mailbox && this.#failures.last === lastFailure;
  }

  /** Folders are asked for by these bytes from now on. */
  learnNames(names: ReadonlyMap<string, string>): void {
    this.#names = names;
  }

  /** Keeps which folders of the last listing show all mail; theirs may lie in an excluded folder as well. */
  learnWhole(scopes: ReadonlySet<string>): void {
    this.#showsAll = scopes;
  }

  showsAll(scope: string): boolean {
    return this.#showsAll.has(scope);
  }

  nameOf(scope: string): string {
    return this.#names.get(scope) ?? wireOf(scope);
  }

  /** Selects the folder anew, read-only, so that UIDNEXT is of now. null when there is no such folder. */
  async examine(scope: string): Promise<ExaminedFolder | null> {
    const wire = this.nameOf(scope);
    let mailbox: MailboxObject;
    try {
      mailbox = await selectReadOnly(this.flow, wire);
    } catch (error) {
      this.#failures.note(error);
      // A folder that LIST still names is there, and refused.
      const isRefused = (error as ImapFlowFailure).responseStatus === 'NO' && this.usable;
      if (isRefused && !(await isListed(this.flow, { wire, token: nameToken(wire) }))) return null;
      throw isRefused ? stillThere(this.understand('import', error)) : error;
    }
    const { uidValidity, uidNext, exists } = mailbox;
    // ImapFlow's types promise it; without it a UID is meaningless.
    if ((uidValidity as bigint | undefined) === undefined)
      throw networkFailure(this.server, 'import', new Error('the server tells no UIDVALIDITY'));
    // ImapFlow raises its own UIDNEXT by what it fetches: where the server tells none, it says nothing of the end.
    const folder = { uidValidity: String(uidValidity), uidNext: uidNext || 0, exists };
    this.#open = { scope, folder, mailbox, lastFailure: this.#failures.last };
    return folder;
  }

  /** How long silence is normal; then a NOOP checks the server. ImapFlow has no option for it. */
  expectSilence(quietMs: number): void {
    const { socket } = this.flow as unknown as { socket?: Socket | false };
    if (socket) socket.setTimeout(quietMs);
  }

  async logout(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#abort);
    try {
      const patience = sleep(LOGOUT_TIMEOUT_MS, undefined, { ref: false });
      if (this.flow.usable) await Promise.race([this.flow.logout(), patience]);
    } catch {
      // It was going to be closed anyway.
    }
    this.flow.close();
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#abort);
    this.flow.close();
  }
}

const nameOf = ({ server: { host, port } }: ImapAccess) => `${host}:${port}`;

const NO_HTTP: Pick<ProviderAnswer, 'httpStatus' | 'headers'> = { httpStatus: null, headers: {} };

function createFlow(settings: ImapSettings, access: ImapAccess, failures: FailureLog): ImapFlow {
  const { host, port, security } = access.server;
  const passage = settings.egress.admit(host, port, IMAP_PORTS);
  const authorities = withAuthorities(settings.certificateAuthorities);
  const flow = new ImapFlow({
    host,
    port,
    secure: security === 'tls',
    // Without it the server or an attacker in between could strip STARTTLS and get the password in clear.
    ...(security === 'starttls' ? { doSTARTTLS: true } : {}),
    auth: { user: access.username, ...authOf(access) },
    tls: { lookup: passage.lookup, minVersion: 'TLSv1.2', ...(authorities ? { ca: authorities } : {}) } as object,
    logger: failures,
    clientInfo: { name: 'Mooring', version: false, vendor: false, 'support-url': false },
    disableAutoIdle: true,
    // Fewer variants of the protocol; and DEFLATE could unpack into gigabytes.
    disableAutoEnable: true,
    disableIMAP4rev2: true,
    disableCompression: true,
    connectionTimeout: settings.timeoutMs ?? CONNECT_TIMEOUT_MS,
    greetingTimeout: settings.timeoutMs ?? CONNECT_TIMEOUT_MS,
    socketTimeout: settings.timeoutMs ?? SILENCE_TIMEOUT_MS,
  });
  doNotWaitWhenThrottled(flow, failures);
  if (access.credential.kind === 'token') authenticateWithToken(flow, access.username, access.credential.accessToken);
  readNamespacesOurselves(flow);
  // Failures reach us through the commands; without a listener an 'error' event would end the process.
  flow.on('error', (error) => failures.note(error));
  return flow;
}

function authOf({ credential }: ImapAccess): { pass: string } | { accessToken: string } {
  return credential.kind === 'password' ? { pass: credential.password.reveal() } : { accessToken: TOKEN_BY_COMMAND };
}

/** ImapFlow has no option for another reader. */
function boundStream(flow: ImapFlow, logger: FailureLog): BoundedStream {
  const inner = flow as unknown as {
    streamer: BoundedStream;
    exec: (command: string, ...rest: unknown[]) => unknown;
  };
  const stream = new BoundedStream({ cid: flow.id, logger, secureConnection: flow.secureConnection });
  for (const listener of inner.streamer.listeners('error')) stream.on('error', listener as () => void);
  inner.streamer.destroy();
  inner.streamer = stream;
  const exec = inner.exec.bind(flow);
  inner.exec = (command, ...rest) => {
    stream.beginCommand(command);
    return exec(command, ...rest);
  };
  return stream;
}

function tooLarge(server: string, { message }: AnswerTooLarge): ProviderError {
  const failure = verdict('transient', 'provider_unavailable', { providerCode: 'answer_too_large' });
  return new ProviderError(`${server}: ${message}`, failure);
}

/**
 * ImapFlow would wait for minutes when a server asks for it, and retry by itself; the caller of the session decides about
 * both. ImapFlow calls `throttleWait` before it fails a command, and again before it repeats a FETCH: that call throws.
 */
function doNotWaitWhenThrottled(flow: ImapFlow, failures: FailureLog): void {
  let told: unknown;
  const throttleWait = async (): Promise<boolean> => {
    if (told !== undefined && told === failures.last) throw told;
    told = failures.last;
    return false;
  };
  Object.assign(flow, { throttleWait });
}

async function connectThroughGuard(flow: ImapFlow, settings: ImapSettings, { server }: ImapAccess): Promise<void> {
  const { host, port } = server;
  const connected = new AbortController();
  const connecting = flow.connect();
  // A last check of the address, after the lookup judged every answer. ImapFlow does not expose its socket.
  const { socket } = flow as unknown as { socket?: Socket | false };
  if (socket) socket.once('connect', () => settings.egress.admit(host, port, IMAP_PORTS).verify(socket));
  const watching = socket ? [watchGreeting(socket, { server, ...settings }, connected.signal)] : [];
  for (const one of [connecting, ...watching]) one.catch(() => undefined); // the other one has ended the attempt
  try {
    await Promise.race([connecting, ...watching]);
  } catch (error) {
    const isNoTls = server.security === 'tls' && networkCode(error) === 'tls_failed';
    throw (isNoTls ? await findMismatch({ server, ...settings }) : null) ?? error;
  } finally {
    connected.abort();
  }
}

/** "No such mailbox" of a folder that LIST names is a refusal like any other: nothing is known to have changed. */
function stillThere(error: unknown): unknown {
  if (!(error instanceof ProviderError) || error.verdict.kind !== 'cursor_expired') return error;
  const { providerCode } = error.verdict;
  return new ProviderError(error.message, verdict('transient', 'provider_unavailable', { providerCode }));
}

/** The server's answer or its BYE; null: it did not answer. */
function serverLine(error: ImapFlowFailure): string | null {
  if (typeof error.response === 'string' && error.response !== '') return error.response;
  if (error.responseText) return `${error.responseStatus ?? 'NO'} ${error.responseText}`;
  // Node's TLS errors have a `reason` too.
  if (error.reason && !error.code?.startsWith('ERR_')) return `* BYE ${error.reason}`;
  return error.name === 'AuthenticationFailure' || error.message.startsWith('Login is disabled')
    ? `NO ${error.message}`
    : null;
}
