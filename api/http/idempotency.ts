import type { Request } from 'express';
import type { Binding } from '../../crypto/vault.ts';
import { Secret } from '../../domain/secret.ts';
import {
  deleteExpiredIdempotencyKeys,
  freeIdempotencyKey,
  keepIdempotencyKey,
  SIGN_OF_WORK_EVERY_MS,
  storeIdempotentAnswer,
  takeIdempotencyKey,
} from '../../db/access/idempotency.ts';
import type { IdempotencyRow } from '../../db/access/idempotency.ts';
import type { SentAnswer } from './answers.ts';
import type { ApiContext } from '../api-context.ts';
import { Problem } from './problem.ts';
import { sha256 } from '../../crypto/random-secrets.ts';
import { isSameRequest, requestHash } from './request-hash.ts';
import type { Principal } from './scopes.ts';

const KEPT_MS = 24 * 3_600_000;
/** One request in this many deletes expired keys. */
const SWEEP_EVERY = 100;
let taken = 0;

interface Asked {
  principal: Principal;
  request: Request;
  /** The client's `Idempotency-Key`. */
  key: string;
  /** The names of the fields of its body that are secrets. */
  secrets: ReadonlySet<string>;
  /** The request may run beside the first, or after a first whose process died. */
  knowsRepetition(): boolean;
}

/**
 * Runs a POST once per Idempotency-Key. A repetition gets the first answer, which is sealed at rest because it may hold
 * a secret. A repetition while the first request runs gets a problem that asks it to come back, and does the work
 * itself if the first died with its process. Failures are not stored: nothing was done, so a repetition does the work.
 */
export async function answerOnce(
  context: ApiContext,
  asked: Asked,
  run: () => Promise<SentAnswer>,
): Promise<SentAnswer> {
  const { principal, request, key, secrets } = asked;
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new Problem('validation_failed', 'Idempotency-Key: expected 1 to 255 visible ASCII characters');
  }
  const hash = sha256(JSON.stringify([principal.id, request.method, request.originalUrl, key]));
  const first = await take(context, hash, requestHash(context.vault, request.body, secrets));
  const isSame = first !== null && isSameRequest(context.vault, first.requestHash, request.body, secrets);
  const isAtWork = first?.status === null && isSame;
  if (first && !(isAtWork && asked.knowsRepetition())) return replay(context, first, isSame, principal);
  const answer = await atWork(context, hash, run).catch(async (error: unknown) => {
    await context.database.outsideTenants((tx) => freeIdempotencyKey(tx, hash)).catch(() => {});
    throw error;
  });
  await keep(context, hash, answer, principal);
  return answer;
}

async function take(context: ApiContext, hash: string, hashOfRequest: string): Promise<IdempotencyRow | null> {
  const now = await context.clock.now();
  const expiresAt = new Date(now.getTime() + KEPT_MS);
  return context.database.outsideTenants(async (tx) => {
    if (taken++ % SWEEP_EVERY === 0) await deleteExpiredIdempotencyKeys(tx, now);
    return takeIdempotencyKey(tx, { hash, requestHash: hashOfRequest, now, expiresAt });
  });
}

/** Renews the key while the request runs, so that only a dead request loses it. */
async function atWork<T>(context: ApiContext, hash: string, run: () => Promise<T>): Promise<T> {
  const sayIt = async () => {
    const now = await context.clock.now();
    await context.database.outsideTenants((tx) => keepIdempotencyKey(tx, hash, now));
  };
  const timer = setInterval(() => void sayIt().catch(() => {}), SIGN_OF_WORK_EVERY_MS);
  try {
    return await run();
  } finally {
    clearInterval(timer);
  }
}

async function keep(context: ApiContext, hash: string, answer: SentAnswer, principal: Principal): Promise<void> {
  const text = new Secret(JSON.stringify(answer.body ?? null));
  const sealedAnswer = await context.vault.encryptSecret(text, bindingOf(hash, principal));
  await context.database.outsideTenants((tx) =>
    storeIdempotentAnswer(tx, hash, { status: answer.status, sealedAnswer }),
  );
}

async function replay(
  context: ApiContext,
  first: IdempotencyRow,
  isSame: boolean,
  principal: Principal,
): Promise<SentAnswer> {
  if (!isSame) {
    throw new Problem('idempotency_key_reused', 'An earlier request used this Idempotency-Key with another body');
  }
  if (first.status === null || first.sealedAnswer === null) {
    throw new Problem('idempotency_in_progress', 'The first request with this Idempotency-Key is still running', {
      retryAfterSeconds: 1,
    });
  }
  const text = await context.vault.decryptSecret(first.sealedAnswer, bindingOf(first.hash, principal));
  const body = JSON.parse(text.reveal()) as unknown;
  const again = { status: first.status as SentAnswer['status'], headers: { 'Idempotent-Replayed': 'true' } };
  return body === null ? again : { ...again, body };
}

const bindingOf = (hash: string, { tenantId }: Principal): Binding => ({
  tenant: tenantId ?? '',
  owner: hash,
  kind: 'idempotent_answer',
  version: 1,
});
