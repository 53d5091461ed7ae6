import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../runtime/context.ts';
import type { CredentialRow } from '../db/credentials/credentials.ts';
import { abandonAttempt, markSent, releaseLease, renewLease, storeAnswer } from '../db/credentials/refresh-attempts.ts';
import type { StoredAnswer } from '../db/credentials/refresh-attempts.ts';
import type { AccessType } from '../domain/access-type.ts';
import { Secret } from '../domain/secret.ts';
import type { RawAnswer } from '../providers/contract.ts';
import { oauthOf } from './oauth.ts';

/** How a refresher shares with others, in ms. Tests shorten it; nothing else does. */
export interface RefreshTiming {
  /** How long it holds its lease, which it renews while it works: a dead one is noticed after this. */
  leaseMs: number;
  renewEveryMs: number;
  /** More than this between marking the attempt and writing the socket: we were stopped, and somebody took over. */
  maxPauseMs: number;
  /** Long enough that a slow answer is not lost: under strict rotation the answer is the grant. */
  tokenTimeoutMs: number;
}

export const REFRESH_TIMING: RefreshTiming = {
  leaseMs: 15_000,
  renewEveryMs: 5_000,
  maxPauseMs: 5_000,
  tokenTimeoutMs: 60_000,
};

/** How long an answer that the database does not take is held in memory, in ms, and how often it is offered. */
const KEEP_FOR_MS = 10 * 60_000;
const KEEP_EVERY_MS = 500;

export interface Sending {
  accessType: AccessType;
  tenantId: string;
  channelId: string;
  attemptId: string;
  credential: CredentialRow;
  timing: RefreshTiming;
}

/** The request ended before a byte of the token was written: the token is unspent. */
export class NotSent extends Error {}

/**
 * Steps 2 and 3: marks the attempt sent, writes the socket, seals and stores the raw answer. `taken_over`: nothing was
 * written, because somebody else may be at it. Throws what the adapter threw, wrapped in `NotSent` when the token
 * provably never left.
 */
export async function sendRefresh(context: Context, sending: Sending): Promise<StoredAnswer | 'taken_over'> {
  const gate = new SendingGate(context, sending);
  try {
    const oauth = oauthOf(context, sending.accessType);
    const refreshToken = await openRefreshToken(context, sending);
    return await whileRenewing(context, sending, async () => {
      const signal = AbortSignal.timeout(sending.timing.tokenTimeoutMs);
      const answer = await oauth.refreshRequest(refreshToken, signal, () => gate.pass());
      context.killPoint('refresh.answered');
      const stored = await keepAnswer(context, sending, answer, performance.now());
      context.killPoint('refresh.sealed');
      // Loud in every test of such an adapter; the answer is kept all the same.
      if (!gate.opened) throw new Error(`The ${sending.accessType} adapter did not call beforeWriting`);
      return stored;
    });
  } catch (error) {
    if (gate.opened) throw error;
    await withdraw(context, sending);
    if (gate.refused) return 'taken_over';
    throw new NotSent('The refresh token was not sent', { cause: error });
  }
}

/**
 * Stands between the connection and the first byte of the token. It marks the attempt sent, and checks with the
 * monotonic clock that this process was not stopped meanwhile: one that sleeps between the mark and the socket would
 * spend a token that a successor has spent already.
 */
class SendingGate {
  opened = false;
  refused = false;
  readonly #context: Context;
  readonly #sending: Sending;

  constructor(context: Context, sending: Sending) {
    this.#context = context;
    this.#sending = sending;
  }

  async pass(): Promise<void> {
    const { tenantId, attemptId, timing } = this.#sending;
    const startedAtMs = performance.now();
    const now = await this.#context.clock.now();
    const marked = await this.#context.database.inTenant(tenantId, (tx) => markSent(tx, attemptId, now));
    this.#context.killPoint('refresh.marked');
    this.refused = !marked || performance.now() - startedAtMs > timing.maxPauseMs;
    if (this.refused) throw new Error('Another process may have taken over this refresh');
    this.opened = true;
    setImmediate(() => this.#context.killPoint('refresh.written'));
  }
}

/** The token never left: others may use it at once. */
async function withdraw(context: Context, { tenantId, channelId, attemptId }: Sending): Promise<void> {
  const now = await context.clock.now();
  await context.database.inTenant(tenantId, async (tx) => {
    await abandonAttempt(tx, attemptId, now);
    await releaseLease(tx, channelId, attemptId);
  });
}

async function openRefreshToken(context: Context, { tenantId, channelId, credential }: Sending): Promise<Secret> {
  return context.vault.open(credential.sealedSecret, {
    tenant: tenantId,
    owner: channelId,
    kind: 'refresh_secret',
    version: credential.secretVersion,
  });
}

/** Shows in the lease, as long as we are at work, that we live. */
async function whileRenewing<T>(
  context: Context,
  { tenantId, channelId, attemptId, timing }: Sending,
  work: () => Promise<T>,
): Promise<T> {
  const renew = async () => {
    const leaseUntil = new Date((await context.clock.now()).getTime() + timing.leaseMs);
    await context.database.inTenant(tenantId, (tx) => renewLease(tx, channelId, attemptId, leaseUntil));
  };
  // A renewal that fails loses the lease at worst; the answer is kept all the same.
  const timer = setInterval(() => void renew().catch(() => {}), timing.renewEveryMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/**
 * Seals and stores the raw answer before anything else is done with it, also when the lease is lost (rule 4). While
 * the database is away the answer is held: under rotation it is the only copy of a token that works.
 */
async function keepAnswer(
  context: Context,
  { tenantId, channelId, attemptId, credential }: Sending,
  answer: RawAnswer,
  receivedAtMs: number,
): Promise<StoredAnswer> {
  const { version } = credential;
  const text = new Secret(JSON.stringify({ ...answer, body: answer.body.reveal() }));
  const sealedAnswer = await context.vault.seal(text, {
    tenant: tenantId,
    owner: channelId,
    kind: 'token_answer',
    version,
  });
  for (;;) {
    try {
      // Life is counted from the receipt, on the database's clock, however long it took to get there.
      const now = (await context.clock.now()).getTime();
      const answeredAt = new Date(now - (performance.now() - receivedAtMs));
      const answer = { attemptId, version, sealedAnswer, answeredAt };
      await context.database.inTenant(tenantId, (tx) => storeAnswer(tx, answer));
      return answer;
    } catch (error) {
      if (performance.now() - receivedAtMs > KEEP_FOR_MS) throw error;
      context.logger.warn({ err: error, channelId }, 'A token answer is held until the database stores it');
      await sleep(KEEP_EVERY_MS);
    }
  }
}
