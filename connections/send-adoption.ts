import type { Context } from '../runtime/context.ts';
import { oauthOf } from '../credentials/oauth.ts';
import { openAnswer } from '../credentials/one-time-exchange-answer.ts';
import { exchangeOnce } from '../credentials/one-time-exchange.ts';
import type { Exchanged, ExchangeRow, ExchangeTiming, Lease } from '../credentials/one-time-exchange.ts';
import type { Binding } from '../crypto/vault.ts';
import { holdAdoption, markAdoptionSent, storeAdoptionAnswer, withdrawAdoption } from '../db/credentials/adoptions.ts';
import type { AdoptionRow, HeldAdoption } from '../db/credentials/adoptions.ts';
import type { Secret } from '../domain/secret.ts';
import type { RawAnswer } from '../providers/contract.ts';

export const ADOPTION_TIMING: ExchangeTiming = {
  leaseMs: 12_000,
  renewEveryMs: 3_000,
  maxPauseMs: 5_000,
  tokenTimeoutMs: 45_000,
};

/** The lease of an adoption. The request that sends the token has it first, then the worker that finishes the row. */
export function leaseOf(held: HeldAdoption): Lease & { row: ExchangeRow } {
  return {
    tenantId: held.tenantId,
    timing: ADOPTION_TIMING,
    row: {
      renew: (tx, leaseUntil) => holdAdoption(tx, held, leaseUntil),
      markSent: (tx, now) => markAdoptionSent(tx, held, now),
      storeAnswer: (tx, answer) => storeAdoptionAnswer(tx, held, answer),
      withdraw: (tx) => withdrawAdoption(tx, held),
    },
  };
}

/** The one-time exchange of an adoption whose row is written. */
export function sendAdoption(
  context: Context,
  { accessType, token, request }: Pick<AdoptionRow, 'accessType' | 'request'> & { token: Secret },
  held: HeldAdoption,
): Promise<Exchanged> {
  const oauth = oauthOf(context, accessType, request.provider ?? null);
  const grant = { token, context: request.connection ?? {} };
  return exchangeOnce(context, {
    ...leaseOf(held),
    name: 'adoption',
    binding: bindingOf(held, 'adoption_answer'),
    about: { tenantId: held.tenantId, accessType },
    request: (signal, beforeWriting) => oauth.refreshRequest(grant, signal, beforeWriting),
  });
}

/** Seals the token that a product hands over to the workers. */
export function sealAdoptedToken(context: Context, held: HeldAdoption, token: Secret): Promise<string> {
  return context.vault.seal(token, bindingOf(held, 'adopted_token'));
}

/** The token and the answer of a row; only a worker can open them (rule 1). */
export async function openAdoption(context: Context, row: AdoptionRow): Promise<{ token: Secret; answer: RawAnswer }> {
  return {
    token: await context.vault.open(row.sealedToken ?? '', bindingOf(row, 'adopted_token')),
    answer: await openAnswer(context, row.sealedAnswer ?? '', bindingOf(row, 'adoption_answer')),
  };
}

const bindingOf = ({ tenantId, tokenHash }: HeldAdoption, kind: 'adopted_token' | 'adoption_answer'): Binding => ({
  tenant: tenantId,
  owner: tokenHash,
  kind,
  version: 1,
});
