import type { Context } from '../runtime/context.ts';
import type { Binding } from '../crypto/vault.ts';
import { Secret } from '../domain/secret.ts';
import { ProviderError } from '../domain/verdict.ts';
import type { OAuthAdapter, RawAnswer, TokenSet } from '../providers/contract.ts';

/** A raw answer as its row has it. */
export interface SealedAnswer {
  sealedAnswer: string;
  /** The life of its access token counts from here. */
  answeredAt: Date;
}

export async function sealAnswer(context: Context, raw: RawAnswer, binding: Binding): Promise<string> {
  const text = new Secret(JSON.stringify({ ...raw, body: raw.body.reveal() }));
  return context.vault.seal(text, binding);
}

/** Opens a stored answer; only a worker or listener can (rule 1). */
export async function openAnswer(context: Context, sealedAnswer: string, binding: Binding): Promise<RawAnswer> {
  const text = await context.vault.open(sealedAnswer, binding);
  const { status, headers, body } = JSON.parse(text.reveal()) as Omit<RawAnswer, 'body'> & { body: string };
  return { status, headers, body: new Secret(body) };
}

/** What a raw answer says: tokens, or a refusal. Throws what is neither. */
export function understandAnswer(oauth: OAuthAdapter, raw: RawAnswer): TokenSet | ProviderError {
  try {
    return oauth.processTokenAnswer(raw);
  } catch (error) {
    if (error instanceof ProviderError) return error;
    throw error;
  }
}
