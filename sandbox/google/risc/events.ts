import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { accountKey } from '../../account-key.ts';
import type { Condition } from '../../conditions.ts';
import type { RegisteredClient } from '../../oauth/client.ts';
import { SandboxRefusal } from '../../refusal.ts';
import type { AccountRow } from '../rows.ts';
import type { GoogleStore } from '../store.ts';
import type { SecurityEventStream } from './stream.ts';

export const ISSUER = 'https://accounts.google.com/';
const RISC = 'https://schemas.openid.net/secevent/risc/event-type/';
const OAUTH = 'https://schemas.openid.net/secevent/oauth/event-type/';

/** The last words of Google's event types; those about tokens stand under `oauth`. */
export const SECURITY_EVENTS = [
  'tokens-revoked',
  'token-revoked',
  'sessions-revoked',
  'account-disabled',
  'account-enabled',
  'account-credential-change-required',
  'verification',
] as const;
export type SecurityEventName = (typeof SECURITY_EVENTS)[number];

const typeOf = (event: SecurityEventName) => `${event.startsWith('token') ? OAUTH : RISC}${event}`;

/** The time in ms from the end of the tokens to the end of the sessions, after a changed password. */
const SESSIONS_AFTER_MS = 1_500;
const RETRY_AFTER_MS = [1_000, 5_000, 15_000];
const TIMEOUT_MS = 10_000;

/** Tells the receiver of the client's project what happens to accounts (developers.google.com/identity/protocols/risc). */
export class SecurityEvents {
  readonly #store: GoogleStore;
  readonly #client: RegisteredClient;
  readonly #stream: SecurityEventStream;
  readonly #stopped = new AbortController();

  constructor(store: GoogleStore, client: RegisteredClient, stream: SecurityEventStream) {
    this.#store = store;
    this.#client = client;
    this.#stream = stream;
  }

  close(): void {
    this.#stopped.abort();
  }

  /** Sends the events that follow from a fault. */
  happened(fault: string, account: AccountRow): void {
    if (fault === 'access_revoked') void this.#tell(account, 'tokens-revoked');
    if (fault === 'session_revoked') void this.#tell(account, 'sessions-revoked');
    if (fault !== 'password_changed') return;
    void this.#tell(account, 'tokens-revoked');
    void sleep(SESSIONS_AFTER_MS, undefined, { signal: this.#stopped.signal })
      .then(() => this.#tell(account, 'sessions-revoked'))
      .catch(() => {});
  }

  /** An account is disabled while the condition stands. */
  conditionChanged({ provider, fault, email }: Condition, change: 'began' | 'ended'): void {
    if (provider !== 'google' || fault !== 'account_disabled') return;
    const accounts = [...this.#store.tables.read('accounts').values()];
    for (const account of accounts) {
      if (email !== undefined && accountKey(account.email) !== accountKey(email)) continue;
      if (change === 'began') void this.#tell(account, 'account-disabled', { reason: 'hijacking' });
      else void this.#tell(account, 'account-enabled');
    }
  }

  /**
   * Sends any event at a request of the control API, also an untrue one.
   * @throws SandboxRefusal 409 without a receiver, or without a refresh token to name
   */
  order(account: AccountRow, event: SecurityEventName, token: 'prefix' | 'hash' = 'prefix'): { jti: string } {
    if (this.#stream.current === null) throw new SandboxRefusal(409, 'no_receiver', 'no receiver is registered');
    const jti = randomUUID();
    const subject = event === 'token-revoked' ? { subject: this.#tokenSubject(account, token) } : {};
    void this.#tell(
      account,
      event,
      { ...subject, ...(event === 'account-disabled' ? { reason: 'hijacking' } : {}) },
      jti,
    );
    return { jti };
  }

  verify(state: string): void {
    void this.#send(null, 'verification', { state }, randomUUID());
  }

  #tokenSubject(account: AccountRow, how: 'prefix' | 'hash'): Record<string, string> {
    const tokens = [...this.#store.tables.read('refresh_tokens')].filter(
      ([, row]) => row.email === accountKey(account.email),
    );
    const newest = tokens.toSorted(([, a], [, b]) => b.used_at - a.used_at)[0]?.[0];
    if (newest === undefined)
      throw new SandboxRefusal(409, 'no_refresh_token', `${account.email} has no refresh token`);
    const once = createHash('sha512').update(newest).digest();
    const named =
      how === 'prefix'
        ? { token_identifier_alg: 'prefix', token: newest.slice(0, 16) }
        : {
            token_identifier_alg: 'hash_base64_sha512_sha512',
            token: createHash('sha512').update(once).digest('base64'),
          };
    return { subject_type: 'oauth_token', token_type: 'refresh_token', ...named };
  }

  async #tell(
    account: AccountRow,
    event: SecurityEventName,
    more: object = {},
    jti: string = randomUUID(),
  ): Promise<void> {
    if (!this.#isReceived(event)) return;
    const subject = { subject_type: 'iss-sub', iss: ISSUER, sub: account.sub };
    const of = { provider: 'google', kind: 'push' as const, email: account.email };
    const held = this.#store.deps.conditions.take(of, ['push_dropped', 'push_duplicated']);
    if (held.has('push_dropped')) return;
    await this.#send(account, event, { subject, ...more }, jti);
    if (held.has('push_duplicated')) await this.#send(account, event, { subject, ...more }, jti);
  }

  /** Whether the stream takes this event: one without a receiver uses up no fault of pushes. */
  #isReceived(event: SecurityEventName): boolean {
    const stream = this.#stream.current;
    return stream?.status === 'enabled' && stream.events_requested.includes(typeOf(event));
  }

  async #send(account: AccountRow | null, event: SecurityEventName, content: object, jti: string): Promise<void> {
    const stream = this.#stream.current;
    if (stream === null || !this.#isReceived(event)) return;
    const iat = Math.floor(this.#store.now() / 1000);
    const claims = { iss: ISSUER, aud: this.#client.clientId, iat, jti, events: { [typeOf(event)]: content } };
    const token = this.#client.sign(claims, 'secevent+jwt');
    for (const waitMs of [...RETRY_AFTER_MS, undefined]) {
      if (await this.#post(stream.delivery.url, token, { email: account?.email ?? null, event })) return;
      if (waitMs !== undefined) await sleep(waitMs, undefined, { signal: this.#stopped.signal }).catch(() => {});
      if (this.#stopped.signal.aborted) return;
    }
  }

  /** Whether the event needs no repetition: it is taken, or refused for good. */
  async #post(url: string, body: string, { email, event }: { email: string | null; event: string }): Promise<boolean> {
    const about = { ...(email === null ? {} : { email }), operation: `security-event ${event}` };
    const request = this.#store.deps.requests.arrived('google', 'push', about);
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/secevent+jwt', accept: 'application/json' },
        body,
        signal: AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      await answer.body?.cancel();
      if (!this.#stopped.signal.aborted) request.answered(answer.status);
      return answer.ok || answer.status === 400;
    } catch {
      return false;
    }
  }
}
