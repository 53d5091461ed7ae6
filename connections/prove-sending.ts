import type { AccessType } from '../domain/access-type.ts';
import { ProviderError } from '../domain/verdict.ts';
import { inTime } from '../domain/limits/in-time.ts';
import type { Context } from '../runtime/context.ts';
import type { SessionAccess } from '../providers/contract.ts';

/** A person waits for it, after the mailbox was opened. */
const LOGIN_TIMEOUT_MS = 30_000;

/**
 * Logs in where mail is sent (rule 7), unless the granted scopes are proof enough. Returns the refusal, null for none: it
 * concerns another server than the one that was read from.
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
