import { MESSAGE_BYTES, SOURCES } from './import-mailboxes.ts';
import type { Source } from './import-mailboxes.ts';
import { importAll } from './imports.ts';
import type { Demand, Findings } from './report.ts';
import type { Setting } from './setting.ts';

/** The largest that Gmail takes. */
const LARGE_BYTES = 35_000_000;
/** As many as Gmail is asked for at once. */
const COUNT = 4;
/** How much more memory large messages may take. Held whole, as bytes, as text and decoded, one takes 130, four 520. */
const MORE_MB = 100;

/** The worker's memory while it imports messages that must not be held whole. */
export async function measureLargeImports(setting: Setting): Promise<Findings> {
  const demands: Demand[] = [];
  const sources = SOURCES.filter(({ name }) => name !== 'dovecot' && setting.from.includes(name));
  for (const source of sources) {
    await importOf(setting, source, MESSAGE_BYTES - 1); // makes the worker warm
    const small = await importOf(setting, source, MESSAGE_BYTES);
    const large = await importOf(setting, source, LARGE_BYTES);
    demands.push({
      name: `The worker's memory, ${COUNT} messages of ${LARGE_BYTES / 1e6} MB from ${source.name}`,
      found: `at most ${large.peak} MB, where ${COUNT} small ones take ${small.peak} MB; ${MORE_MB} MB more may be`,
      holds: large.receipt.imported === COUNT && large.peak <= small.peak + MORE_MB,
    });
  }
  return { measured: [], demands };
}

async function importOf(setting: Setting, source: Source, bytes: number) {
  const mailbox = await source.fill(setting, { count: COUNT, bytes });
  if (mailbox === null) throw new Error(`There is no mailbox of ${source.name}`);
  return importAll(setting, mailbox.channel);
}
