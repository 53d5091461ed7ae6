import { readAccessToken } from '../../db/credentials/token-reads.ts';
import type { TokenQuestion, TokenReading } from '../../db/credentials/token-reads.ts';
import { leastLifeMs } from '../../domain/schedule.ts';
import type { Secret } from '../../domain/secret.ts';
import type { ApiContext } from '../api-context.ts';
import { Problem, notFound } from '../http/problem.ts';
import { requestRefresh } from './request-refresh.ts';
import { countTokenRead } from '../http/metrics.ts';
import type { TokenFacts } from './token-news.ts';
import { LEFT, NEEDS_PERSON, REFRESHABLE, isOneOf } from '../../domain/channel.ts';

/** How long a reader waits for a refresh, in ms. */
const LONGEST_WAIT_MS = 20_000;
/** An old token is served this long before it falls below the least life, in ms, because the answer takes time too. */
const HANDING_OVER_MS = 250;
const LONGEST_RETRY_AFTER_S = 60;

type Question = Omit<TokenQuestion, 'now'>;

export interface ServedToken {
  accessToken: Secret;
  tokenType: string;
  expiresAt: Date;
  version: number;
  scopes: string[];
}

/**
 * A channel's access token (rule 6). A fresh one is one call of the database. Otherwise the reader requests a refresh,
 * waits for it, and falls back to the old token if its remaining life is long enough. Throws `Problem`: 409 where a
 * person is needed or the channel has no token, 503 where a later read may work. `goneSignal` is called only for a
 * wait.
 */
export async function serveAccessToken(
  context: ApiContext,
  question: Question,
  goneSignal: () => AbortSignal,
): Promise<ServedToken> {
  const reading = await read(context, question, 'fresh');
  if (reading.served) return open(context, question, reading, 'fresh');
  refuseWithoutToken(reading);
  const facts = isRefreshable(reading) ? await waitForRefresh(context, question, reading, goneSignal()) : null;
  const left = await read(context, question, 'least');
  if (left.served) return open(context, question, left, left.served === 'fresh' ? 'refreshed' : 'leftover');
  refuseWithoutToken(left);
  countTokenRead('refused');
  throw refusalOf(left, retryAfterSeconds(facts, await context.clock.now()));
}

async function read(context: ApiContext, question: Question, wanted: 'fresh' | 'least'): Promise<TokenReading> {
  const now = await context.clock.now();
  const reading = await readAccessToken(context.database, { ...question, now }, wanted).catch((error: unknown) => {
    // If the audit row cannot be written or the row not be read, no token is served (S-35).
    context.logger.error({ err: error, channelId: question.channelId }, 'A token read failed');
    throw new Problem('token_unavailable', 'The token could not be read, or its audit row not be written', {
      retryAfterSeconds: 2,
    });
  });
  if (!reading) throw notFound('channel');
  return reading;
}

/** Throws where there never was a token, or is none any more. */
function refuseWithoutToken({ status, kind }: TokenReading): void {
  if (isOneOf(LEFT, status)) {
    throw new Problem('disconnected', 'The channel is disconnected; its credential is shredded');
  }
  if (kind === 'password') {
    throw new Problem('no_token_for_access_type', 'The channel signs in with a password and has no token');
  }
}

const isRefreshable = ({ status }: TokenReading) => !isOneOf(NEEDS_PERSON, status);

/**
 * Waits until a better token may be stored, or until waiting is useless: the attempt failed, a person is needed, time
 * is up, or the old token would fall below the least life. Returns what then stands in a reader's way, null: nothing
 * known.
 */
async function waitForRefresh(
  context: ApiContext,
  { channelId }: Question,
  reading: TokenReading,
  gone: AbortSignal,
): Promise<TokenFacts | null> {
  const now = await context.clock.now();
  const longestMs = waitMs(reading, now);
  const reader = context.tokenNews.join(reading.tenantId, channelId);
  const patience = patienceOf(longestMs, [gone, context.stopping]);
  try {
    let news = reader.next();
    const asked = await reader.ask(() => requestRefresh(context, reading, channelId));
    if (asked?.heldUntil && asked.heldUntil.getTime() > now.getTime() + longestMs) return asked;
    let facts: TokenFacts | null = asked;
    while (!isOver(facts, asked, reading)) {
      const heard = await Promise.race([news, patience.over]);
      if (heard === 'over') return facts;
      news = reader.next();
      facts = heard ?? facts;
    }
    return isBetter(facts, reading) ? null : facts;
  } finally {
    patience.end();
    reader.end();
  }
}

function isBetter(facts: TokenFacts | null, reading: TokenReading): boolean {
  return facts !== null && (facts.version > (reading.version ?? 0) || (reading.refused && !facts.refused));
}

function isOver(facts: TokenFacts | null, asked: TokenFacts | null, reading: TokenReading): boolean {
  if (facts === null || isBetter(facts, reading)) return true;
  return !isOneOf(REFRESHABLE, facts.status) || !facts.isRefreshWanted || facts.failures > (asked?.failures ?? 0);
}

/** How long a reader waits: not so long that the old token becomes useless. */
function waitMs(reading: TokenReading, now: Date): number {
  if (reading.refused || !reading.expiresAt) return LONGEST_WAIT_MS;
  const expiresAtMs = reading.expiresAt.getTime();
  const lifeMs = reading.issuedAt ? expiresAtMs - reading.issuedAt.getTime() : Infinity;
  const spareMs = expiresAtMs - now.getTime() - leastLifeMs(lifeMs) - HANDING_OVER_MS;
  return spareMs > 0 ? Math.min(LONGEST_WAIT_MS, spareMs) : LONGEST_WAIT_MS;
}

function patienceOf(ms: number, signals: AbortSignal[]) {
  const { promise, resolve } = Promise.withResolvers<'over'>();
  const end = () => resolve('over');
  const timer = setTimeout(end, ms);
  for (const signal of signals) signal.addEventListener('abort', end, { once: true });
  if (signals.some((signal) => signal.aborted)) end();
  return {
    over: promise,
    end() {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener('abort', end);
    },
  };
}

/** Why no token is served: a person must act, or the reader may come back. */
function refusalOf({ status, statusReason, action }: TokenReading, retryAfterSeconds: number): Problem {
  if (isOneOf(NEEDS_PERSON, status)) {
    const detail = `The channel is ${status}${statusReason ? ` (${statusReason})` : ''}; its token is no longer usable`;
    return new Problem(status, detail, { action, status_reason: statusReason });
  }
  return new Problem('token_unavailable', 'The token has expired or is about to, and no newer one arrived in time', {
    retryAfterSeconds,
    status_reason: statusReason,
  });
}

function retryAfterSeconds(facts: TokenFacts | null, now: Date): number {
  const waitS = facts?.heldUntil ? Math.ceil((facts.heldUntil.getTime() - now.getTime()) / 1000) : 2;
  return Math.min(LONGEST_RETRY_AFTER_S, Math.max(1, waitS));
}

async function open(
  context: ApiContext,
  { channelId }: Question,
  reading: TokenReading,
  how: 'fresh' | 'refreshed' | 'leftover',
): Promise<ServedToken> {
  const { tenantId, accessTokenJwe, version, expiresAt, tokenType, scopes } = reading;
  if (!accessTokenJwe || version === null || !expiresAt)
    throw new Error('A served token lacks its ciphertext, version or expiry');
  const binding = { tenant: tenantId, owner: channelId, kind: 'access_token', version } as const;
  const accessToken = await context.vault.decryptSecret(accessTokenJwe, binding);
  countTokenRead(how);
  return { accessToken, tokenType: tokenType ?? 'Bearer', expiresAt, version, scopes };
}
