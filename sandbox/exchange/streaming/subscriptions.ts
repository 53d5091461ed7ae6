import { randomUUID } from 'node:crypto';
import type { Response } from 'express';
import { accountKey } from '../../account-key.ts';
import type { ProviderDeps } from '../../provider.ts';
import type { AccountRow } from '../rows.ts';
import { EWS } from '../soap/errors.ts';
import { EventStream } from './event-stream.ts';
import type { BackEnd } from './front-end.ts';
import type { EventType, MailboxChange } from './mailbox-change.ts';
import { notificationOf } from './notification.ts';

/** HangingConnectionLimit of Exchange 2016 and later; 3 of Exchange 2013. */
const MOST_STREAMS = 10;
/** Without a stream a subscription is forgotten after this. */
const FORGOTTEN_AFTER_MS = 30 * 60_000;
/** Changes of one moment leave together, in ms. */
const GATHER_MS = 20;
const MOST_EVENTS = 50;

interface Subscription {
  readonly id: string;
  readonly login: string;
  /** The key of the mailbox's owner. */
  readonly owner: string;
  /** null: all. */
  readonly folders: ReadonlySet<string> | null;
  readonly types: ReadonlySet<EventType>;
  readonly backEnd: BackEnd;
}

interface Live extends Subscription {
  stream: EventStream | null;
  idleSince: number;
  waiting: MailboxChange[];
}

/** The streaming subscriptions, which live in memory: a restart of the server loses them. */
export class Subscriptions {
  readonly #deps: ProviderDeps;
  readonly #live = new Map<string, Live>();
  readonly #streams = new Set<EventStream>();

  constructor(deps: ProviderDeps) {
    this.#deps = deps;
  }

  add(subscription: Omit<Subscription, 'id'>): Subscription {
    const id = Buffer.from(`${subscription.backEnd.toLowerCase()}.sandbox.example ${randomUUID()}`).toString('base64');
    const live = { ...subscription, id, stream: null, idleSince: this.#now(), waiting: [] };
    this.#live.set(id, live);
    return live;
  }

  /** One of this login that the server at hand knows. */
  find(id: string, { login, backEnd }: Pick<Subscription, 'login' | 'backEnd'>): Subscription | undefined {
    const found = this.#live.get(id);
    if (found?.login !== login || found.backEnd !== backEnd) return undefined;
    if (found.stream !== null || found.idleSince > this.#now() - FORGOTTEN_AFTER_MS) return found;
    this.#live.delete(id);
    return undefined;
  }

  remove(id: string): void {
    this.#live.get(id)?.stream?.fail(EWS.subscriptionNotFound, [id]);
    this.#live.delete(id);
  }

  isFull(login: string): boolean {
    return this.#of(login).length >= MOST_STREAMS;
  }

  /** Opens the answer that tells of these subscriptions; another stream of one of them ends. */
  open(
    response: Response,
    login: string,
    ids: readonly string[],
    terms: { minutes: number; isBuffered: boolean },
  ): void {
    const subscriptions = ids.flatMap((id) => this.#live.get(id) ?? []);
    for (const { stream, id } of subscriptions) stream?.fail(EWS.newStreamOpened, [id]);
    const stream = new EventStream(response, { login, ids, ...terms }, () => this.#ended(stream));
    this.#streams.add(stream);
    for (const subscription of subscriptions) {
      subscription.stream = stream;
      this.#flush(subscription);
    }
  }

  /** Ends the streams of one account, or of all, as at their time. */
  close(account: AccountRow | null): void {
    for (const stream of this.#of(account && accountKey(account.email))) stream.close();
  }

  /** Forgets the subscriptions of one login, or all, as a restart behind the front end does. */
  forget(account: AccountRow | null): void {
    for (const { id, login } of this.#live.values()) {
      if (account === null || login === accountKey(account.email)) this.remove(id);
    }
  }

  tell(change: MailboxChange): void {
    for (const subscription of this.#live.values()) {
      if (!concerns(subscription, change) || this.#isDropped(subscription)) continue;
      subscription.waiting.push(change);
      if (subscription.waiting.length === 1) setTimeout(() => this.#flush(subscription), GATHER_MS).unref();
    }
  }

  #of(login: string | null): EventStream[] {
    return [...this.#streams].filter(({ terms }) => login === null || terms.login === login);
  }

  #isDropped({ owner }: Live): boolean {
    const held = this.#deps.conditions.take({ provider: 'exchange', kind: 'push', email: owner }, ['push_dropped']);
    if (held.size > 0) this.#deps.requests.arrived('exchange', 'push', { email: owner, operation: 'dropped' });
    return held.size > 0;
  }

  #flush({ id, owner, stream, waiting }: Live): void {
    // What comes after the end of a stream waits for the next one.
    if (stream === null || stream.isOver) return;
    while (waiting.length > 0) {
      stream.write(notificationOf(id, waiting.splice(0, MOST_EVENTS), this.#deps.clock.now()));
      this.#deps.requests.arrived('exchange', 'push', { email: owner, operation: 'notification' }).answered(200);
    }
  }

  #ended(stream: EventStream): void {
    this.#streams.delete(stream);
    for (const subscription of this.#live.values()) {
      if (subscription.stream !== stream) continue;
      subscription.stream = null;
      subscription.idleSince = this.#now();
    }
  }

  #now(): number {
    return this.#deps.clock.now().getTime();
  }
}

function concerns({ owner, folders, types }: Live, { email, type, folder, parent, from }: MailboxChange): boolean {
  if (owner !== email || !types.has(type)) return false;
  return (
    folders === null || folders.has(folder) || folders.has(parent) || (from !== undefined && folders.has(from.folder))
  );
}
