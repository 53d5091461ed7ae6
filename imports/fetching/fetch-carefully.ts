import type { Transaction } from '../../db/client.ts';
import { countTry, forgetTry, noteFailedTry, uncountTry } from '../../db/imports/quarantine.ts';
import type { ListedItem } from '../../providers/contract.ts';
import { blameOf } from '../failures.ts';
import { importPage, lockRunning, siftPage } from './import-page.ts';
import { isOver } from '../import-run.ts';
import type { ImportRun, PageWork } from '../import-run.ts';

/**
 * Imports a page, or, after trouble, its messages one by one. A message that kills the process, hangs the activity or
 * breaks the session takes a whole page with it, and would do so for ever. So the page after such an end is imported
 * with every try counted *before* it is made: whatever happens, the next process knows which message was at work, leaves
 * it for later, and puts it in quarantine after three tries. It never holds up the rest.
 */
export async function importWithCare(run: ImportRun, work: PageWork): Promise<boolean> {
  if (work.stage === 'retrying') return oneByOne(run, work, work.items);
  if (!run.careful) return importPage(run, work);
  const { unknown } = await siftPage(run, work);
  if (!(await oneByOne(run, work, unknown))) return false;
  run.careful = false;
  // Each of these is settled or written down by now; what is left is what we have, and the cursor.
  return importPage(run, work);
}

/** False when time was over, or the session was lost with one of them. */
async function oneByOne(run: ImportRun, work: PageWork, items: ListedItem[]): Promise<boolean> {
  for (const item of items) {
    await tryOne(run, work, item);
    if (run.broken || isOver(run)) return false;
  }
  return true;
}

async function tryOne(run: ImportRun, work: PageWork, item: ListedItem): Promise<void> {
  const { importId } = run;
  const { scope } = work.scope;
  const { generation, providerId } = item;
  const key = { importId, scope, generation, providerId };
  const write = (note: (tx: Transaction) => Promise<void>) => run.context.database.inTenant(run.channel.tenantId, note);
  const now = await run.context.clock.now();
  const { channelId, tenantId } = work.row;
  await write(async (tx) => {
    await lockRunning(tx, work);
    const repaired = work.stage === 'comparing';
    await countTry(tx, { ...key, channelId, tenantId, repaired, listedAt: now, triedAt: now });
  });
  try {
    await importPage(run, {
      ...work,
      items: [item],
      window: null,
      counted: true,
      advance: () => Promise.resolve(true),
    });
    if (work.stage !== 'retrying') await write((tx) => forgetTry(tx, key));
  } catch (error) {
    const blame = run.signal.aborted ? null : blameOf(error);
    if (blame === null) {
      await write((tx) => uncountTry(tx, key)).catch(() => {}); // the first error says more
      throw error;
    }
    run.context.logger.warn({ importId, item, code: blame.code }, 'a message breaks whoever fetches it');
    await write((tx) => noteFailedTry(tx, key, { ...blame, now }));
    run.failed = true;
    run.broken ||= blame.endsSession;
  }
}
