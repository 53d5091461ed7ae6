import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../runtime/context.ts';
import type { Binding } from '../crypto/vault.ts';
import type { Transaction } from '../db/client.ts';
import type { ExchangeName } from '../domain/kill-points.ts';
import type { RawAnswer } from '../providers/contract.ts';
import { sealAnswer } from './one-time-exchange-answer.ts';
import type { SealedAnswer } from './one-time-exchange-answer.ts';

/*
 * A rotating provider takes a refresh token once, and its answer is then all that is left of the grant. A refresh and
 * an adoption send one by the same steps, each of which leaves a row that says how far the exchange came:
 *
 *   planned    one transaction decides who sends, and writes the row with a lease
 *   marked     the connection stands and the row says that the token is sent
 *   written    the socket has taken the request
 *   received   the whole answer is in memory
 *   sealed     the raw answer is in the row, unread (rule 4)
 *   settled    the caller has read the answer, and its outcome is committed
 *
 * The caller plans and settles; this module does what lies between. The request is written by hand instead of by an
 * OAuth client library: a library parses an answer before it returns it, and one that it rejects is lost together with
 * the token that was spent for it.
 */

/** How long an answer that the database does not take is held in memory, in ms, and how often it is offered. */
const HELD_IN_MEMORY_MS = 10 * 60_000;
const OFFERED_EVERY_MS = 500;

/** How an exchange shares its token with other processes, in ms. */
export interface ExchangeTiming {
  /** How long a lease lasts: a dead holder is noticed after this. */
  leaseMs: number;
  /** How often a live holder renews it. */
  renewEveryMs: number;
  /** A longer pause between the mark and the socket means that this process was stopped, and may be succeeded. */
  maxPauseMs: number;
  /** A call that rotates is not cut short: the answer may be on its way. */
  tokenTimeoutMs: number;
}

/** The row of one exchange. Each function runs in a transaction of its own. */
export interface ExchangeRow {
  /** Moves the end of the lease, unless it is lost. */
  renew(tx: Transaction, leaseUntil: Date): Promise<unknown>;
  /** Marks the token as sent. False: the row is lost to another holder. */
  markSent(tx: Transaction, now: Date): Promise<boolean>;
  /** Takes the sealed answer, also when the lease is lost. False: the row is gone, or has another answer. */
  storeAnswer(tx: Transaction, answer: SealedAnswer): Promise<boolean>;
  /** The token provably never left: the next holder may send it at once. An answer in the row stays. */
  withdraw(tx: Transaction, now: Date): Promise<unknown>;
}

/** The right of this process to carry out the exchange of a row. */
export interface Lease {
  tenantId: string;
  timing: ExchangeTiming;
  row: Pick<ExchangeRow, 'renew'>;
}

/** What a refresh and an adoption plug in. */
export interface Exchange extends Lease {
  name: ExchangeName;
  row: ExchangeRow;
  /** What the sealed answer is bound to. */
  binding: Binding;
  /** What a log line says of it. */
  about: Record<string, string>;
  /** Sends the token. `beforeWriting` is called once the connection stands, before any byte of the token is written. */
  request(signal: AbortSignal, beforeWriting: () => Promise<void>): Promise<RawAnswer>;
}

export type Exchanged =
  | ({ outcome: 'answered'; raw: RawAnswer } & SealedAnswer)
  /** Another holder may have sent the token, so this one did not; or the row has another answer already. */
  | { outcome: 'taken_over' }
  /** `isUnspent`: no byte of the token was written. Otherwise whether the provider took it is unknown. */
  | { outcome: 'unanswered'; error: unknown; isUnspent: boolean };

/** Sends the token of a planned row, and seals the answer into it. Throws when the row cannot be written. */
export async function exchangeOnce(context: Context, exchange: Exchange): Promise<Exchanged> {
  const { name, timing } = exchange;
  context.killPoint(`${name}.planned`);
  const gate = new Gate(context, exchange);
  let raw: RawAnswer;
  try {
    raw = await exchange.request(AbortSignal.timeout(timing.tokenTimeoutMs), () => gate.pass());
  } catch (error) {
    if (gate.isOpen) return { outcome: 'unanswered', error, isUnspent: false };
    await withdraw(context, exchange);
    return gate.isRefused ? { outcome: 'taken_over' } : { outcome: 'unanswered', error, isUnspent: true };
  }
  const receivedAtMs = performance.now();
  context.killPoint(`${name}.received`);
  const sealed = await keepAnswer(context, exchange, raw, receivedAtMs);
  context.killPoint(`${name}.sealed`);
  // Loud in every test of such an adapter. The answer is kept all the same, and settled by the next holder.
  if (!gate.isOpen) throw new Error(`The adapter did not call beforeWriting (${name})`);
  return sealed ? { outcome: 'answered', raw, ...sealed } : { outcome: 'taken_over' };
}

/** Renews the lease as long as the work takes. */
export async function whileRenewing<T>(
  context: Context,
  { tenantId, timing, row }: Lease,
  work: () => Promise<T>,
): Promise<T> {
  const renew = async () => {
    const leaseUntil = new Date((await context.clock.now()).getTime() + timing.leaseMs);
    await context.database.inTenant(tenantId, (tx) => row.renew(tx, leaseUntil));
  };
  // A renewal that fails loses the lease at worst. The answer is stored all the same, and settled once.
  const timer = setInterval(() => void renew().catch(() => {}), timing.renewEveryMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/**
 * Stands between the connection and the first byte of the token. It marks the row as sent, and checks on the monotonic
 * clock that this process was not stopped meanwhile: one that sleeps between the mark and the socket would spend a
 * token that a successor has spent already.
 */
class Gate {
  isOpen = false;
  isRefused = false;
  readonly #context: Context;
  readonly #exchange: Exchange;

  constructor(context: Context, exchange: Exchange) {
    this.#context = context;
    this.#exchange = exchange;
  }

  async pass(): Promise<void> {
    const { name, tenantId, timing, row } = this.#exchange;
    const startedAtMs = performance.now();
    const now = await this.#context.clock.now();
    const isMarked = await this.#context.database.inTenant(tenantId, (tx) => row.markSent(tx, now));
    this.#context.killPoint(`${name}.marked`);
    this.isRefused = !isMarked || performance.now() - startedAtMs > timing.maxPauseMs;
    if (this.isRefused) throw new Error(`Another holder may have taken over this ${name}`);
    this.isOpen = true;
    setImmediate(() => this.#context.killPoint(`${name}.written`));
  }
}

/**
 * Stores the sealed answer before anything else is done with it, also when the lease is lost (rule 4). While the
 * database is away the answer is held in memory and offered again: under rotation it is the only copy of a token that
 * works. null: the row did not take it.
 */
async function keepAnswer(
  context: Context,
  { tenantId, row, binding, name, about }: Exchange,
  raw: RawAnswer,
  receivedAtMs: number,
): Promise<SealedAnswer | null> {
  const sealedAnswer = await sealAnswer(context, raw, binding);
  for (;;) {
    try {
      // A life counts from the receipt, on the database's clock, however long the storing takes.
      const now = (await context.clock.now()).getTime();
      const answer = { sealedAnswer, answeredAt: new Date(now - (performance.now() - receivedAtMs)) };
      const isStored = await context.database.inTenant(tenantId, (tx) => row.storeAnswer(tx, answer));
      return isStored ? answer : null;
    } catch (error) {
      if (performance.now() - receivedAtMs > HELD_IN_MEMORY_MS) throw error;
      context.logger.warn(
        { err: error, exchange: name, ...about },
        'A token answer is held until the database stores it',
      );
      await sleep(OFFERED_EVERY_MS);
    }
  }
}

async function withdraw(context: Context, { tenantId, row }: Exchange): Promise<void> {
  const now = await context.clock.now();
  await context.database.inTenant(tenantId, (tx) => row.withdraw(tx, now));
}
