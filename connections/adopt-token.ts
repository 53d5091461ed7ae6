import { setTimeout as sleep } from 'node:timers/promises';
import { resumeAdoption, takeAdoption, withdrawAdoption } from '../db/credentials/adoptions.ts';
import type { AdoptionRequest, AdoptionState, HeldAdoption } from '../db/credentials/adoptions.ts';
import { findChannel } from '../db/channels/channels.ts';
import { newId } from '../db/ids.ts';
import { ensureTenant } from '../db/access/tenants.ts';
import type { AccessType } from '../domain/access-type.ts';
import type { Secret } from '../domain/secret.ts';
import { whileRenewing } from '../credentials/one-time-exchange.ts';
import { finishAdoption, mailboxOf, otherAccount } from './adoption.ts';
import type { AdoptionOutcome } from './adoption.ts';
import { isSameAddress } from '../domain/address.ts';
import type { Context } from '../runtime/context.ts';
import { sha256 } from '../crypto/random-secrets.ts';
import { ADOPTION_TIMING, leaseOf, sealAdoptedToken, sendAdoption } from './send-adoption.ts';

/** How long an adoption that is never finished is kept, in ms. */
const KEPT_MS = 24 * 3_600_000;
/** How long a repeated request waits for the first to be finished, in ms, and how often it looks. */
const WAIT_MS = 20_000;
const LOOK_EVERY_MS = 250;

/** `stopping` ends a wait early: the process is about to go. */
type AdoptionContext = Context & { stopping: AbortSignal };

export interface HandedOver {
  tenantId: string;
  accessType: AccessType;
  token: Secret;
  request: AdoptionRequest;
}

/**
 * Adopts by a refresh token, in a one-time exchange (rule 4). An adoption that this process does not live to finish is
 * finished by a worker. A token whose answer is stored is never sent again: the request waits for the channel that it
 * becomes, and ends with `in_progress` where that takes long. Throws what the provider's adapter threw.
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

/** null: the row is written, and the token is ours to send. */
async function take(
  context: Context,
  handed: HandedOver,
  held: HeldAdoption,
): Promise<AdoptionState | 'tenant_erasing' | null> {
  const { tenantId, accessType, token, request } = handed;
  const now = await context.clock.now();
  const sealedToken = await sealAdoptedToken(context, held, token);
  return context.database.inTenant(tenantId, async (tx) => {
    const tenant = await ensureTenant(tx, tenantId, now);
    if (tenant.eraseRequestedAt) return 'tenant_erasing';
    const dueAt = new Date(now.getTime() + ADOPTION_TIMING.leaseMs);
    const expiresAt = new Date(now.getTime() + KEPT_MS);
    return takeAdoption(tx, { ...held, accessType, request, sealedToken, createdAt: now, dueAt, expiresAt });
  });
}

async function sameChannel(context: Context, handed: HandedOver, channelId: string): Promise<AdoptionOutcome> {
  const { tenantId, request } = handed;
  const channel = await context.database.inTenant(tenantId, (tx) => findChannel(tx, channelId));
  if (channel && !isSameAddress(channel.accountEmail, mailboxOf(request))) {
    return otherAccount(mailboxOf(request), channel.accountEmail);
  }
  return { status: 'connected', channel: channelId };
}

async function sendAndFinish(
  context: Context,
  { token, accessType, request }: HandedOver,
  held: HeldAdoption,
): Promise<AdoptionOutcome | 'taken_over'> {
  return whileRenewing(context, leaseOf(held), async () => {
    const askedAt = await context.clock.now();
    const sent = await sendAdoption(context, { accessType, request, token }, held);
    switch (sent.outcome) {
      case 'answered': {
        const row = { ...held, accessType, request, tries: 0 };
        return finishAdoption(context, { row, token, answer: sent.raw, askedAt, answeredAt: sent.answeredAt });
      }
      case 'taken_over':
        return 'taken_over';
      case 'unanswered':
        // Nothing more is known than before: the product may try again. If the row stays, its lease runs out.
        await context.database.inTenant(held.tenantId, (tx) => withdrawAdoption(tx, held)).catch(() => {});
        throw sent.error;
    }
  });
}
