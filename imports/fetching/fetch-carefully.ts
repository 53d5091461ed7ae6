import type { Transaction } from '../../db/client.ts';
import { countTry, forgetTry, noteFailedTry, uncountTry } from '../../db/imports/quarantine.ts';
import type { ListedItem } from '../../providers/contract.ts';
import { blameOf } from '../failures.ts';
import { PARSER_VERSION } from './headers.ts';
import { importPage, lockRunning, siftPage } from './import-page.ts';
import { isOver } from '../import-run.ts';
import type { ImportRun, PageEnd, PageWork } from '../import-run.ts';
import { MessagesWithheld, canBlame, refusalOf } from './witness.ts';

/**
 * Imports a page, or, after trouble, its messages one by one. A message that kills the process, hangs the
 * activity or breaks the session takes its whole page with it, for ever. After such an end every try is therefore
 * counted *before* it is made: the next process knows which message was being fetched, leaves it for later, and
 * quarantines it after three tries. It never holds up the other messages.
 */
export async function importWithCare(run: ImportRun, work: PageWork): Promise<PageEnd> {
  if (work.stage === 'retrying') return oneByOne(run, work, work.items);
  if (!run.careful) return importPage(run, work);
  const { unknown } = await siftPage(run.stretch, work);
  const end = await oneByOne(run, work, unknown);
  if (end !== 'whole') return end;
  run.endCare();
  // Each of these is settled or recorded by now; left are the known messages and the cursor.
  return importPage(run, work);
}

async function oneByOne(run: ImportRun, work: PageWork, items: ListedItem[]): Promise<PageEnd> {
  for (const item of items) {
    if ((await tryOne(run, work, item)) === 'session_lost') return 'session_lost';
    if (isOver(run.stretch)) return 'unfinished';
  }
  return 'whole';
}

/** A single message of a page moves no cursor. */
const moveNothing = () => Promise.resolve(true);

async function tryOne(run: ImportRun, work: PageWork, item: ListedItem): Promise<'tried' | 'session_lost'> {
  const { context, channel, importId, signal } = run.stretch;
  const { scope } = work.scope;
  const { generation, providerId } = item;
  const key = { importId, scope, generation, providerId };
  const write = <T>(note: (tx: Transaction) => Promise<T>) => context.database.inTenant(channel.tenantId, note);
  const now = await context.clock.now();
  const { channelId, tenantId } = work.row;
  const tries = await write(async (tx) => {
    await lockRunning(tx, run.stretch, work);
    const repaired = work.stage === 'comparing';
    return countTry(tx, { ...key, channelId, tenantId, repaired, listedAt: now, triedAt: now });
  });
  const uncount = () => write((tx) => uncountTry(tx, key)).catch(() => {}); // the error that ends the try says more
  // What this message broke before may have been the server's: only another message that is given proves it was not.
  const mayBlame = tries === 1 || (await canBlame(run.stretch, work, [item]).catch(rethrowAfter(run, work, uncount)));
  try {
    await importPage(run, { ...work, items: [item], window: null, counted: true, advance: moveNothing });
    if (work.stage !== 'retrying') await write((tx) => forgetTry(tx, key));
    return 'tried';
  } catch (error) {
    const blame = signal.aborted ? null : blameOf(error);
    if (blame === null || (blame.endsSession && !mayBlame)) {
      await uncount();
      throw error;
    }
    context.logger.warn({ importId, item, code: blame.code }, 'A fetch of one message failed; the try is counted');
    await write((tx) => noteFailedTry(tx, key, { ...blame, now, parserVersion: PARSER_VERSION }));
    run.noteUnfetched();
    return blame.endsSession ? 'session_lost' : 'tried';
  }
}

const rethrowAfter =
  ({ stretch }: ImportRun, work: PageWork, tidyUp: () => Promise<unknown>) =>
  async (error: unknown) => {
    await tidyUp();
    throw error instanceof MessagesWithheld ? await refusalOf(stretch, work, error) : error;
  };
