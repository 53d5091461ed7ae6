import { verdict } from '../../domain/verdict-builders.ts';
import { PartRefused, ProviderError } from '../../domain/verdict.ts';
import type { ImapConnection } from './client.ts';
import { isInbox } from './wire/folder-names.ts';

/**
 * Runs commands of one folder. A refusal is the folder's own where the inbox answers the same commands: it becomes
 * `PartRefused`. Otherwise it is an outage or a limit of the whole server, and so is every refusal of the inbox.
 */
export async function runInFolder<Result>(
  connection: ImapConnection,
  scope: string,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await connection.run('import', work);
  } catch (error) {
    if (!(error instanceof ProviderError) || !connection.usable || isInbox(scope)) throw error;
    if (!mayBeTheFolders(error) || !(await inboxAnswers(connection))) throw error;
    const { providerCode } = error.verdict;
    throw new PartRefused(error.message, verdict('transient', 'provider_unavailable', { providerCode }));
  }
}

function mayBeTheFolders({ verdict: { kind, retryAfterMs } }: ProviderError): boolean {
  return kind !== 'rate_limited' && kind !== 'cursor_expired' && retryAfterMs === null;
}

/** How long an answer of the inbox vouches for the server, in ms: many folders may be refused in a row. */
const VOUCHED_MS = 3_000;
const answeredAtMs = new WeakMap<ImapConnection, number>();

/** EXAMINE, SEARCH and, where there is a message, FETCH. */
async function inboxAnswers(connection: ImapConnection): Promise<boolean> {
  const { flow } = connection;
  if (performance.now() - (answeredAtMs.get(connection) ?? -Infinity) < VOUCHED_MS) return true;
  try {
    const inbox = await connection.examine('INBOX');
    if (inbox === null || !(await flow.search({ uid: '1:1' }, { uid: true }))) return false;
    if (inbox.exists > 0) await flow.fetchAll('*', { uid: true, internalDate: true, size: true });
    answeredAtMs.set(connection, performance.now());
    return true;
  } catch {
    return false;
  }
}
