import type { AccessType } from '../domain/access-type.ts';
import { ProviderError } from '../domain/verdict.ts';
import { inTime } from '../domain/limits/in-time.ts';
import type { Context } from '../runtime/context.ts';
import type { SessionAccess } from '../providers/contract.ts';

/** A person waits for this login, after the one that opened the mailbox. */
const LOGIN_TIMEOUT_MS = 30_000;

/**
 * Logs in to the server that sends (rule 7), unless the granted scopes are proof enough. Returns its refusal, which concerns
 * another server than the one that is read; null: none.
 */
export async function refusalOfSending(
  { providers }: Pick<Context, 'providers'>,
  accessType: AccessType,
  access: SessionAccess,
): Promise<ProviderError | null> {
  const provider = providers.get(accessType);
  if (!provider?.proveSending) return null;
  try {
    await inTime(
      'The SMTP server',
      LOGIN_TIMEOUT_MS,
      (signal) => provider.proveSending?.(access, signal) ?? Promise.resolve(),
    );
    return null;
  } catch (error) {
    if (error instanceof ProviderError) return error;
    throw error;
  }
}
