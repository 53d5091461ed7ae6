import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenRequest } from '../request-log.ts';
import { accountKey } from '../account-key.ts';
import type { RegisteredClient } from '../oauth/client.ts';
import type { AccountRow } from './rows.ts';
import type { GoogleStore } from './store.ts';

/** Gmail notifies at most once a second per user; what comes sooner is told together. */
const SPACING_MS = 1000;
/** Pub/Sub tries again until it is acknowledged; the sandbox gives up sooner. */
const RETRY_AFTER_MS = [1000, 5000];
const PUSH_TIMEOUT_MS = 10_000;
/** As whom the subscription of the topic pushes. */
export const PUSH_SERVICE_ACCOUNT = 'gmail-push@mooring-sandbox.iam.gserviceaccount.com';

/**
 * Tells the push endpoint, by way of what would be Cloud Pub/Sub, that a watched mailbox changed.
 * https://developers.google.com/workspace/gmail/api/guides/push and https://cloud.google.com/pubsub/docs/push
 * A notification under way is lost when the sandbox is killed, as Google's may be.
 */
export class GmailPush {
  readonly #store: GoogleStore;
  readonly #client: RegisteredClient;
  readonly #due = new Map<string, NodeJS.Timeout>();
  readonly #stopped = new AbortController();

  constructor(store: GoogleStore, client: RegisteredClient) {
    this.#store = store;
    this.#client = client;
  }

  /** Call it after each change of a mailbox; `labelIds` are those of the changed messages. */
  changed(account: AccountRow, labelIds: readonly string[]): void {
    const key = accountKey(account.email);
    const { watch } = account;
    if (!watch || watch.expires_at <= this.#store.now() || this.#due.has(key)) return;
    if (watch.label_ids.length > 0 && !watch.label_ids.some((id) => labelIds.includes(id))) return;
    if (this.#store.settings().push_endpoint === null) return;
    const publish = (): void => {
      this.#due.delete(key);
      void this.#publish(account);
    };
    this.#due.set(key, setTimeout(publish, SPACING_MS));
  }

  close(): void {
    this.#stopped.abort();
    this.forget();
  }

  /** Nothing that is due is told any more. */
  forget(): void {
    for (const timer of this.#due.values()) clearTimeout(timer);
    this.#due.clear();
  }

  async #publish(account: AccountRow): Promise<void> {
    const { email } = account;
    const notification = { emailAddress: email, historyId: this.#store.historyId(account) };
    const publishTime = this.#store.deps.clock.now().toISOString();
    const messageId = String(randomInt(2 ** 47));
    const data = Buffer.from(JSON.stringify(notification)).toString('base64');
    const message = { data, messageId, message_id: messageId, publishTime, publish_time: publishTime };
    const body = JSON.stringify({ message, subscription: 'projects/mooring-sandbox/subscriptions/gmail' });
    const held = this.#store.deps.conditions.take({ provider: 'google', kind: 'push', email }, [
      'push_dropped',
      'push_duplicated',
    ]);
    if (held.has('push_dropped')) return void this.#log(email, 'dropped');
    await this.#send(email, body);
    if (held.has('push_duplicated')) await this.#send(email, body);
  }

  async #send(email: string, body: string): Promise<void> {
    for (const waitMs of [...RETRY_AFTER_MS, undefined]) {
      if (await this.#post(body, this.#log(email, 'sent'))) return;
      if (waitMs !== undefined) await sleep(waitMs, undefined, { signal: this.#stopped.signal }).catch(() => {});
      if (this.#stopped.signal.aborted) return;
    }
  }

  /** True once acknowledged. */
  async #post(body: string, request: OpenRequest): Promise<boolean> {
    const { push_endpoint: endpoint, push_audience: audience } = this.#store.settings();
    if (endpoint === null) return true;
    const iat = Math.floor(this.#store.now() / 1000);
    const token = this.#client.sign({
      iss: 'https://accounts.google.com',
      aud: audience ?? endpoint,
      email: PUSH_SERVICE_ACCOUNT,
      email_verified: true,
      iat,
      exp: iat + 3600,
    });
    try {
      const answer = await fetch(endpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body,
        signal: AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(PUSH_TIMEOUT_MS)]),
      });
      await answer.body?.cancel();
      if (!this.#stopped.signal.aborted) request.answered(answer.status);
      return answer.ok;
    } catch {
      return false; // no listener, or no answer in time: retried, with `status: null` in the log
    }
  }

  #log(email: string, operation: string): OpenRequest {
    return this.#store.deps.requests.arrived('google', 'push', { email, operation });
  }
}
