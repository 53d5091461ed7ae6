import { verdict } from '../../domain/verdict-builders.ts';
import { PartRefused, ProviderError } from '../../domain/verdict.ts';
import type { ExchangeClient } from './client.ts';
import { findInbox } from './folders.ts';
import { NO_RIGHT } from './soap/refusal.ts';

/** The calls of a session, and the mailbox that they name. */
interface Reading {
  client: ExchangeClient;
  mailbox: string | null;
}

/**
 * Runs calls about one folder. A missing right is the folder's own where the inbox is still given: it becomes
 * `PartRefused`. Otherwise the whole mailbox is refused, and so it is by every refusal of the inbox.
 */
export async function runInFolder<Result>(
  { client, mailbox }: Reading,
  scope: string,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ProviderError) || !NO_RIGHT.test(error.verdict.providerCode ?? '')) throw error;
    const inbox = await findInbox(client, mailbox).catch(() => null);
    if (inbox === null || inbox === scope) throw error;
    const { providerCode } = error.verdict;
    throw new PartRefused(error.message, verdict('transient', 'provider_unavailable', { providerCode }));
  }
}
