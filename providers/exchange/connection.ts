import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { buildConnector } from 'undici';
import type { Operation, Verdict } from '../../domain/verdict.ts';
import { ProviderError } from '../../domain/verdict.ts';
import type { Secret } from '../../domain/secret.ts';
import { guardedConnector } from '../../net/egress.ts';
import type { EgressGuard } from '../../net/egress.ts';
import { createHttp, toProviderAnswer } from '../../net/http.ts';
import type { BeforeWriting, Http, HttpAnswer, HttpStream } from '../../net/http.ts';
import { networkFailure } from '../../net/network-failure.ts';
import { readRefusal } from '../answers/http-answers.ts';
import { TRANSMISSION_TIMEOUT_MS } from '../sending/post-message.ts';
import { classifyExchange, isErrorPage } from './errors.ts';
import { channelBindings } from './ntlm/channel-bindings.ts';
import { authenticateMessage, negotiateMessage } from './ntlm/messages.ts';

export interface ConnectionSettings {
  egress: EgressGuard;
  certificateAuthorities: string[] | null;
  timeoutMs: number;
}

export interface ExchangeLogin {
  url: URL;
  username: string;
  password: Secret;
  /** The mailbox that requests are about: front ends choose the server by it. */
  mailbox: string;
  /** Basic where the server offers it, in place of the scheme that it prefers. */
  authentication: 'basic' | undefined;
}

/** A request at the server's address. */
interface Posted<Body = string> {
  name: string;
  body: Body;
  operation: Operation;
  signal: AbortSignal;
  /** As `HttpRequest.silenceMs`. */
  silenceMs?: number;
}

interface Pieces {
  /** Of the body, in octets. */
  length: number;
  beforeWriting: BeforeWriting;
}

/** One answer for all of them: a person looks at the password first, an administrator at the proxy. */
const REFUSED_NTLM =
  'the user name or password is wrong, the account is locked, or a proxy ends TLS before Exchange, whose Extended Protection then refuses NTLM: name an address that leads to Exchange itself, or sign in by Basic where it is offered';

/** 8 MiB: pages hold ids, dates and states. */
const ANSWER_BYTES = 8 * 1024 * 1024;

/**
 * One connection of a session, signed in by NTLM where the server offers it, else by Basic. NTLM signs in a connection, so
 * nothing else uses this one; one that was closed is signed in again. A refused password is tried once, and by a second
 * scheme only where a person decides so: every refusal brings the account nearer to a lock-out.
 */
export class ExchangeConnection {
  readonly #login: ExchangeLogin;
  readonly #http: Http;
  /** The number of connections so far. */
  #made = 0;
  /** The connection that NTLM has signed in, by its number. */
  #signedIn = 0;
  #bindings: Buffer | null = null;
  #scheme: 'unknown' | 'NTLM' | 'Negotiate' | 'Basic' = 'unknown';

  constructor(settings: ConnectionSettings, login: ExchangeLogin) {
    this.#login = login;
    const connect = guardedConnector(settings.egress, settings);
    this.#http = createHttp({ connect: this.#watching(connect) }).openSession({ ownConnection: true });
  }

  get host(): string {
    return this.#login.url.host;
  }

  /** The whole answer; every refusal is a `ProviderError`. */
  async send(posted: Posted): Promise<HttpAnswer> {
    const answer = await this.#withLogin(posted, (headers, body) =>
      this.#http.send({ ...this.#request(posted, headers, body), maxBytes: ANSWER_BYTES }),
    );
    return this.#assertOk(posted, answer);
  }

  /** The answer as it comes. */
  async stream(posted: Posted): Promise<HttpStream> {
    const answer = await this.#withLogin(posted, (headers, body) =>
      this.#http.stream(this.#request(posted, headers, body)),
    );
    if (answer.status === 200) return answer;
    return this.#assertOk(posted, { ...answer, body: await readRefusal(answer.body) }) as never;
  }

  /**
   * Posts a body in pieces over the connection, which has to be signed in: the body of a refused login would leave for
   * nothing. Any answer is returned.
   */
  post({ body, length, beforeWriting, ...posted }: Posted<AsyncIterable<Uint8Array>> & Pieces): Promise<HttpAnswer> {
    const login = this.#scheme === 'Basic' ? { authorization: this.#basic() } : {};
    return this.#http.send({
      ...this.#request(posted, { ...login, 'content-length': String(length) }, body),
      beforeWriting: async () => {
        if (this.#scheme !== 'Basic' && this.#signedIn !== this.#made) {
          throw networkFailure(this.host, posted.operation, new Error('connection lost after the login'));
        }
        await beforeWriting();
      },
      timeoutMs: TRANSMISSION_TIMEOUT_MS,
    });
  }

  close(): Promise<void> {
    return this.#http.close();
  }

  /** Sends a request with the login that the connection needs; signs in again where the server has dropped the login. */
  async #withLogin<Answer extends HttpAnswer | HttpStream>(
    posted: Posted,
    send: (headers: Record<string, string>, body: string) => Promise<Answer>,
  ): Promise<Answer> {
    if (this.#scheme === 'Basic') return await send({ authorization: this.#basic() }, posted.body);
    if (this.#signedIn !== 0 && this.#signedIn === this.#made) {
      const answer = await send({}, posted.body);
      if (answer.status !== 401) return answer;
      // This refusal is none of the password, for none was sent: the connection is new, or the server forgets logins.
      await discard(answer);
    }
    const authorization = await this.#authorization(posted);
    const made = this.#made;
    const answer = await send({ authorization }, posted.body);
    if (authorization.startsWith('Basic')) return answer;
    // An answer to a challenge of another connection proves nothing.
    if (made !== this.#made) {
      await discard(answer);
      throw networkFailure(this.host, posted.operation, new Error('connection lost during the login'));
    }
    if (answer.status !== 401) this.#signedIn = made;
    return answer;
  }

  /** The header that signs in, by the first scheme that the server offers. */
  async #authorization({ name, operation, signal }: Posted): Promise<string> {
    const wantsBasic = this.#login.authentication === 'basic';
    const offer = this.#scheme === 'Negotiate' ? 'Negotiate' : 'NTLM';
    // A server that is sent the first message of NTLM does not say whether it takes Basic.
    const login = wantsBasic ? {} : { authorization: `${offer} ${negotiateMessage().toString('base64')}` };
    const answer = await this.#http.send(this.#request({ name, operation, signal }, login, ''));
    if (answer.status !== 401) throw refusedBefore(name, operation, answer);
    const offered = answer.headers['www-authenticate'] ?? '';
    const [, challenge] = new RegExp(`\\b${offer} ([A-Za-z0-9+/=]{16,})`, 'i').exec(offered) ?? [];
    if (challenge !== undefined) {
      this.#scheme = offer;
      return this.#answerTo(Buffer.from(challenge, 'base64'), offer);
    }
    if (!wantsBasic && offer === 'NTLM' && /\bNegotiate\b/i.test(offered) && !/\bNTLM\b/i.test(offered)) {
      this.#scheme = 'Negotiate';
      return await this.#authorization({ name, operation, signal, body: '' });
    }
    if (!/\bBasic\b/i.test(offered)) throw refusedBefore(name, 'api', answer);
    this.#scheme = 'Basic';
    return this.#basic();
  }

  #answerTo(challenge: Buffer, scheme: string): string {
    const { url } = this.#login;
    const binding = { host: url.hostname, channelBindings: this.#bindings };
    const message = authenticateMessage(challenge, this.#login, binding);
    if (message !== null) return `${scheme} ${message.toString('base64')}`;
    throw networkFailure(this.host, 'login', new Error('handshake: the challenge is none of NTLM'));
  }

  #basic(): string {
    const { username, password } = this.#login;
    return `Basic ${Buffer.from(`${username}:${password.reveal()}`).toString('base64')}`;
  }

  #request<Body>({ operation, signal, silenceMs }: Omit<Posted, 'body'>, headers: Record<string, string>, body: Body) {
    return {
      method: 'POST' as const,
      url: this.#login.url,
      operation,
      headers: {
        ...headers,
        accept: 'text/xml',
        'content-type': 'text/xml; charset=utf-8',
        'x-anchormailbox': this.#login.mailbox,
        'x-preferserveraffinity': 'true',
      },
      body,
      signal,
      ...(silenceMs === undefined ? {} : { silenceMs }),
    };
  }

  #assertOk({ name, operation }: Posted, answer: HttpAnswer): HttpAnswer {
    if (answer.status === 200) return answer;
    if (answer.status !== 401) throw refusedBefore(name, operation, answer);
    // The password went along, or had signed in the connection.
    const refused = refusedBefore(name, 'login', answer);
    if (this.#scheme === 'Basic') throw refused;
    const alternative = /\bBasic\b/i.test(answer.headers['www-authenticate'] ?? '') ? 'basic' : null;
    throw new ProviderError(`${refused.message}: ${REFUSED_NTLM}`, refused.verdict, alternative);
  }

  #watching(connect: buildConnector.connector): buildConnector.connector {
    return (target, callback) => {
      connect(target, (error, socket) => {
        if (error !== null) return callback(error, null);
        this.#connected(socket);
        callback(null, socket);
      });
    };
  }

  #connected(socket: Socket): void {
    this.#made++;
    const certificate = socket instanceof TLSSocket ? socket.getPeerCertificate().raw : undefined;
    this.#bindings = certificate === undefined ? null : channelBindings(certificate);
  }
}

/** The server names another place to ask. Requests do not follow by themselves: the login would follow. */
export class Redirected extends ProviderError {
  readonly location: string;

  constructor(message: string, refusal: Verdict, location: string) {
    super(message, refusal);
    this.location = location;
  }
}

function refusedBefore(name: string, operation: Operation, answer: HttpAnswer): ProviderError {
  const refusal = classifyExchange(toProviderAnswer(operation, answer));
  const message = `${name} answered ${answer.status} ${refusal.providerCode ?? ''}`;
  const { location } = answer.headers;
  const isElsewhere = location !== undefined && !isErrorPage(location);
  return isElsewhere && [301, 302, 307, 308].includes(answer.status)
    ? new Redirected(message, refusal, location)
    : new ProviderError(message, refusal);
}

/** An unread body would block the connection. */
async function discard({ body }: HttpAnswer | HttpStream): Promise<void> {
  if (typeof body !== 'string') await readRefusal(body);
}
