import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { accountKey } from '../../account-key.ts';
import type { OpenRequest } from '../../request-log.ts';
import type { AccountRow, MessageRow, SubscriptionRow } from '../rows.ts';
import type { MicrosoftStore } from '../store.ts';
import { idOf } from './message-resource.ts';

/** What comes together is told together. */
const GATHER_MS = 100;
const MOST_PER_POST = 100;
/** Graph tries for four hours; the sandbox gives up sooner, and says so by `missed`. */
const RETRY_AFTER_MS = [1000, 5000];
const ANSWER_MS = 10_000;
/** An authorization that ends within this is asked for again. */
const REMIND_MS = 15 * 60_000;
const LOOK_MS = 2000;

type ChangeType = 'created' | 'updated' | 'deleted';
export type LifecycleEvent = 'reauthorizationRequired' | 'subscriptionRemoved' | 'missed';

/** A change of a message, as it looks from a folder or from the whole mailbox. */
interface MessageChange {
  readonly message: MessageRow;
  readonly type: ChangeType;
  /** null: seen from the whole mailbox. */
  readonly folderId: string | null;
}

/** A message came: into its folder, and into the mailbox. */
export function arrivalOf(message: MessageRow): MessageChange[] {
  const folderId = message.places.at(-1)?.folder_id ?? null;
  return [
    { message, type: 'created', folderId },
    { message, type: 'created', folderId: null },
  ];
}

/** A message is gone. */
export function removalOf(message: MessageRow): MessageChange[] {
  return arrivalOf(message).map((change) => ({ ...change, type: 'deleted' }));
}

/** A message went from one folder to another; the mailbox still has it. */
export function moveOf(message: MessageRow): MessageChange[] {
  const [before, after] = message.places.slice(-2).map(({ folder_id }) => folder_id);
  return [
    { message, type: 'deleted', folderId: before ?? null },
    { message, type: 'created', folderId: after ?? null },
    { message, type: 'updated', folderId: null },
  ];
}

/**
 * Change and lifecycle notifications. https://learn.microsoft.com/graph/change-notifications-delivery-webhooks
 * A notification under way is lost when the sandbox is killed, as Graph's may be.
 */
export class GraphPush {
  readonly #store: MicrosoftStore;
  readonly #waiting = new Map<string, Record<string, unknown>[]>();
  readonly #missed = new Set<string>();
  readonly #stopped = new AbortController();
  readonly #look: NodeJS.Timeout;

  constructor(store: MicrosoftStore) {
    this.#store = store;
    this.#look = setInterval(() => this.#lookAtSubscriptions(), LOOK_MS);
    this.#look.unref();
    store.whenGrantsAreOver((account) => this.end(account));
  }

  /** Call it after each change of a mailbox. */
  changed(account: AccountRow, changes: readonly MessageChange[]): void {
    for (const row of this.#subscriptionsOf(account)) {
      // What happens while the authorization is over is lost, not kept.
      if (row.authorized_until <= this.#store.now()) continue;
      const told = changes.filter(
        ({ type, folderId, message }) =>
          row.folder_id === folderId && row.change_types.includes(type) && message.unannounced !== true,
      );
      if (told.length > 0)
        this.#gather(
          row,
          told.map((change) => notification(row, account, change)),
        );
    }
  }

  /** Tells of a lifecycle event, now. */
  lifecycle(account: AccountRow, event: LifecycleEvent): void {
    for (const row of this.#subscriptionsOf(account)) void this.#tellLifecycle(row, account, event);
  }

  /** Ends an account's subscriptions, and tells so: their grant is over. */
  end(account: AccountRow): void {
    const rows = this.#subscriptionsOf(account);
    if (rows.length === 0) return;
    this.#store.tables.commit(rows.map((row) => ['subscriptions', row.id, null] as const));
    for (const row of rows) void this.#tellLifecycle(row, account, 'subscriptionRemoved');
  }

  /** Undefined when the address answers with the token, as plain text and in time; else what Graph says of it. */
  async validate(account: AccountRow, url: string): Promise<string | undefined> {
    const token = `Validation: Testing client application reachability for subscription Request-Id: ${randomUUID()}`;
    const address = new URL(url);
    address.searchParams.set('validationToken', token);
    const open = this.#log(account.email, 'validation');
    try {
      const answer = await fetch(address, {
        method: 'POST',
        headers: { 'content-type': 'text/plain; charset=utf-8' },
        signal: AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(ANSWER_MS)]),
      });
      const text = await answer.text();
      open.answered(answer.status);
      if (answer.status !== 200) {
        const status = (STATUS_CODES[answer.status] ?? '').replaceAll(' ', '');
        return `Subscription validation request failed. Response must exactly match validationToken query parameter, and HTTP status code is '${status}'.`;
      }
      const plain = answer.headers.get('content-type')?.startsWith('text/plain') === true;
      return plain && text === token
        ? undefined
        : 'Subscription validation request failed. Response must exactly match validationToken query parameter.';
    } catch (error) {
      return error instanceof DOMException && error.name === 'TimeoutError'
        ? 'Subscription validation request timed out.'
        : 'Subscription validation request failed. Notification endpoint must respond with 200 OK to validation request.';
    }
  }

  close(): void {
    clearInterval(this.#look);
    this.#stopped.abort();
  }

  /** Nothing that is due is told any more. */
  forget(): void {
    this.#waiting.clear();
    this.#missed.clear();
  }

  #subscriptionsOf({ email }: AccountRow): SubscriptionRow[] {
    const key = accountKey(email);
    const now = this.#store.now();
    return [...this.#store.tables.read('subscriptions').values()].filter(
      (row) => row.email === key && row.expires_at > now,
    );
  }

  #gather(row: SubscriptionRow, notifications: Record<string, unknown>[]): void {
    const waiting = this.#waiting.get(row.id);
    if (waiting) return void waiting.push(...notifications);
    this.#waiting.set(row.id, notifications);
    setTimeout(() => void this.#flush(row), GATHER_MS).unref();
  }

  async #flush(row: SubscriptionRow): Promise<void> {
    const notifications = this.#waiting.get(row.id) ?? [];
    this.#waiting.delete(row.id);
    for (let at = 0; at < notifications.length; at += MOST_PER_POST) {
      await this.#send(row, notifications.slice(at, at + MOST_PER_POST));
    }
  }

  async #send(row: SubscriptionRow, value: readonly unknown[]): Promise<void> {
    const email = this.#store.account(row.email)?.email ?? row.email;
    const faults = ['push_dropped', 'push_duplicated'];
    const held = this.#store.deps.conditions.take({ provider: 'microsoft', kind: 'push', email }, faults);
    if (held.has('push_dropped')) return void this.#log(email, 'dropped');
    const arrived = await this.#deliver(email, row.notification_url, { value }, 'notification');
    if (arrived && held.has('push_duplicated')) {
      await this.#deliver(email, row.notification_url, { value }, 'notification');
    }
    const account = this.#store.account(row.email);
    if (!arrived) this.#missed.add(row.id);
    else if (account && this.#missed.delete(row.id)) await this.#tellLifecycle(row, account, 'missed');
  }

  async #tellLifecycle(row: SubscriptionRow, account: AccountRow, event: LifecycleEvent): Promise<void> {
    if (row.lifecycle_url === null) return;
    const notice = { ...envelope(row, account), lifecycleEvent: event };
    await this.#deliver(account.email, row.lifecycle_url, { value: [notice] }, event);
  }

  /** False when no receiver took it. */
  async #deliver(email: string, url: string, body: unknown, operation: string): Promise<boolean> {
    for (const waitMs of [...RETRY_AFTER_MS, undefined]) {
      if (await this.#post(url, body, this.#log(email, operation))) return true;
      if (waitMs !== undefined) await sleep(waitMs, undefined, { signal: this.#stopped.signal }).catch(() => {});
      if (this.#stopped.signal.aborted) return false;
    }
    return false;
  }

  async #post(url: string, body: unknown, open: OpenRequest): Promise<boolean> {
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json; charset=utf-8' },
        body: JSON.stringify(body),
        signal: AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(ANSWER_MS)]),
      });
      await answer.body?.cancel();
      if (!this.#stopped.signal.aborted) open.answered(answer.status);
      return answer.ok;
    } catch {
      return false; // no listener, or no answer in time: retried, with `status: null` in the log
    }
  }

  /** Drops what has expired, and asks for an authorization that is about to end. */
  #lookAtSubscriptions(): void {
    const now = this.#store.now();
    for (const row of this.#store.tables.read('subscriptions').values()) {
      if (row.expires_at <= now) {
        this.#store.tables.commit([['subscriptions', row.id, null]]);
      } else if (!row.reminded && row.authorized_until - REMIND_MS <= now) {
        this.#store.tables.commit([['subscriptions', row.id, { ...row, reminded: true }]]);
        const account = this.#store.account(row.email);
        if (account) void this.#tellLifecycle(row, account, 'reauthorizationRequired');
      }
    }
  }

  #log(email: string, operation: string): OpenRequest {
    return this.#store.deps.requests.arrived('microsoft', 'push', { email, operation });
  }
}

function envelope(row: SubscriptionRow, { tid }: AccountRow): Record<string, unknown> {
  return {
    subscriptionId: row.id,
    subscriptionExpirationDateTime: new Date(row.expires_at).toISOString(),
    tenantId: tid,
    ...(row.client_state === null ? {} : { clientState: row.client_state }),
  };
}

/** The resource is named by the ids of user and message, however the app named it. */
function notification(
  row: SubscriptionRow,
  account: AccountRow,
  { message, type }: MessageChange,
): Record<string, unknown> {
  const id = idOf(message, row.immutable);
  const resource = `Users/${account.oid}/Messages/${id}`;
  return {
    ...envelope(row, account),
    changeType: type,
    resource,
    resourceData: { '@odata.type': '#Microsoft.Graph.Message', '@odata.id': resource, id },
  };
}
