import { setTimeout as sleep } from 'node:timers/promises';
import {
  markAdoptionSent,
  resumeAdoption,
  storeAdoptionAnswer,
  takeAdoption,
  dropAdoption,
} from '../db/credentials/adoptions.ts';
import type { AdoptionRequest, AdoptionRow, HeldAdoption } from '../db/credentials/adoptions.ts';
import { findChannel } from '../db/channels/channels.ts';
import { newId } from '../db/ids.ts';
import { ensureTenant } from '../db/access/tenants.ts';
import type { AccessType } from '../domain/access-type.ts';
import { Secret } from '../domain/secret.ts';
import type { OAuthAdapter, RawAnswer } from '../providers/contract.ts';
import { ADOPTION_HELD_MS, finishAdoption, otherAccount, whileHolding } from './adoption.ts';
import type { AdoptionOutcome } from './adoption.ts';
import { mailboxKeyOf } from '../domain/mailbox-key.ts';
import type { Context } from '../runtime/context.ts';
import { sha256 } from '../crypto/random-secrets.ts';

const TOKEN_TIMEOUT_MS = 45_000;
/** More than this between marking the adoption and writing the socket: we were stopped, and somebody took over. */
const LONGEST_PAUSE_MS = 5_000;
/** What nobody comes back for goes after this, in ms. */
const KEPT_MS = 24 * 3_600_000;
/** How long a repeated request waits for the first to be finished, in ms, and how often it looks. */
const WAIT_MS = 20_000;
const LOOK_EVERY_MS = 250;
/** How long an answer that the database does not take is held in memory, in ms, and how often it is offered. */
const HELD_IN_MEMORY_MS = 10 * 60_000;
const OFFERED_EVERY_MS = 500;

/** `stopping` ends a wait early: the process is about to go. */
type AdoptionContext = Context & { stopping: AbortSignal };

export interface HandedOver {
  tenantId: string;
  accessType: AccessType;
  oauth: OAuthAdapter;
  token: Secret;
  request: AdoptionRequest;
}

/**
 * Adopts by a refresh token. A rotating provider takes it once, and its answer is then all there is of the grant: the
 * intent is a row before anything is sent, and the answer is stored before it is read (rule 4). What this process does
 * not live to finish, a worker does. A token whose answer is stored is never sent again: the request waits for the
 * channel that it becomes, and ends with `in_progress` where that takes long. Throws what the provider's adapter threw.
 */
export async function adoptToken(
  context: AdoptionContext,
  handed: HandedOver,
): Promise<AdoptionOutcome | { status: 'in_progress' | 'tenant_erasing' }> {
  const key = { tenantId: handed.tenantId, tokenHash: sha256(handed.token.reveal()) };
  const endsAt = performance.now() + WAIT_MS;
  let hasAsked = false;
  for (;;) {
    const held = { ...key, holder: newId('hld') };
    const earlier = await take(context, handed, held);
    if (earlier === 'tenant_erasing') return { status: earlier };
    if (!earlier) {
      const outcome = await sendAndFinish(context, handed, held);
      if (outcome !== 'taken_over') return outcome;
    } else if (earlier.channelId) {
      return sameChannel(context, handed, earlier.channelId);
    } else if (earlier.failure) {
      if (hasAsked) return earlier.failure;
      hasAsked = true;
      const now = await context.clock.now();
      await context.database.inTenant(key.tenantId, (tx) => resumeAdoption(tx, key, { request: handed.request, now }));
    }
    if (performance.now() > endsAt || context.stopping.aborted) return { status: 'in_progress' };
    await sleep(LOOK_EVERY_MS);
  }
}

/** null: the token is ours to send; the intent is written. */
async function take(
  context: Context,
  handed: HandedOver,
  held: HeldAdoption,
): Promise<AdoptionRow | 'tenant_erasing' | null> {
  const { tenantId, accessType, token, request } = handed;
  const now = await context.clock.now();
  const sealedToken = await context.vault.seal(token, {
    tenant: tenantId,
    owner: held.tokenHash,
    kind: 'adopted_token',
    version: 1,
  });
  return context.database.inTenant(tenantId, async (tx) => {
    const tenant = await ensureTenant(tx, tenantId, now);
    if (tenant.eraseRequestedAt) return 'tenant_erasing';
    const dueAt = new Date(now.getTime() + ADOPTION_HELD_MS);
    const expiresAt = new Date(now.getTime() + KEPT_MS);
    return takeAdoption(tx, { ...held, accessType, request, sealedToken, createdAt: now, dueAt, expiresAt });
  });
}

async function sameChannel(context: Context, handed: HandedOver, channelId: string): Promise<AdoptionOutcome> {
  const { tenantId, request } = handed;
  const channel = await context.database.inTenant(tenantId, (tx) => findChannel(tx, channelId));
  if (channel && channel.mailboxKey !== mailboxKeyOf(request.email)) {
    return otherAccount(request.email, channel.accountEmail);
  }
  return { status: 'connected', channel: channelId };
}

async function sendAndFinish(
  context: Context,
  handed: HandedOver,
  held: HeldAdoption,
): Promise<AdoptionOutcome | 'taken_over'> {
  context.killPoint('adoption.written');
  return whileHolding(context, held, async () => {
    const sent = await send(context, handed, held);
    if (sent === 'taken_over') return sent;
    const { token, accessType, request } = handed;
    return finishAdoption(context, { row: { ...held, accessType, request, tries: 0 }, token, ...sent });
  });
}

interface Answered {
  answer: RawAnswer;
  answeredAt: Date;
}

/** Without an answer nobody knows more than before, and the product may try again. */
async function send(
  context: Context,
  { oauth, token }: HandedOver,
  held: HeldAdoption,
): Promise<Answered | 'taken_over'> {
  let isTakenOver = false;
  const beforeWriting = async () => {
    const startedAtMs = performance.now();
    const now = await context.clock.now();
    const isMarked = await context.database.inTenant(held.tenantId, (tx) => markAdoptionSent(tx, held, now));
    isTakenOver = !isMarked || performance.now() - startedAtMs > LONGEST_PAUSE_MS;
    if (isTakenOver) throw new Error('Another process has taken over this adoption');
    context.killPoint('adoption.sent');
  };
  try {
    const answer = await oauth.refreshRequest(token, AbortSignal.timeout(TOKEN_TIMEOUT_MS), beforeWriting);
    context.killPoint('adoption.received');
    return await keepAnswer(context, held, answer, performance.now());
  } catch (error) {
    if (isTakenOver) return 'taken_over';
    // Where that fails, the hold ends by itself.
    await context.database.inTenant(held.tenantId, (tx) => dropAdoption(tx, held)).catch(() => {});
    throw error;
  }
}

/** Seals and stores the raw answer before anything else is done with it; while the database is away it is held. */
async function keepAnswer(
  context: Context,
  held: HeldAdoption,
  answer: RawAnswer,
  receivedAtMs: number,
): Promise<Answered | 'taken_over'> {
  const { tenantId, tokenHash } = held;
  const text = new Secret(JSON.stringify({ ...answer, body: answer.body.reveal() }));
  const binding = { tenant: tenantId, owner: tokenHash, kind: 'adoption_answer', version: 1 } as const;
  const sealedAnswer = await context.vault.seal(text, binding);
  for (;;) {
    try {
      // Life is counted from the receipt, on the database's clock, however long it took to get there.
      const now = (await context.clock.now()).getTime();
      const answeredAt = new Date(now - (performance.now() - receivedAtMs));
      const isKept = await context.database.inTenant(tenantId, (tx) =>
        storeAdoptionAnswer(tx, held, { sealedAnswer, answeredAt }),
      );
      context.killPoint('adoption.answered');
      return isKept ? { answer, answeredAt } : 'taken_over';
    } catch (error) {
      if (performance.now() - receivedAtMs > HELD_IN_MEMORY_MS) throw error;
      context.logger.warn({ err: error }, 'A token answer of an adoption is held until the database stores it');
      await sleep(OFFERED_EVERY_MS);
    }
  }
}
