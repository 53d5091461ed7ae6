import { Worker } from 'node:worker_threads';
import type { Reading } from './reading-thread.ts';

/** A sender chooses how long its mail takes to read: it is read in a thread of its own, which ends. */
const WITHIN_MS = 10_000;
const MOST_HEAP_MIB = 512;
const AT_ONCE = 2;

/** The mail takes longer to read than it is given, or more memory. */
export class UnreadableMail extends Error {
  constructor(cause: unknown) {
    super('The mail cannot be read within its bounds', { cause });
    this.name = 'UnreadableMail';
  }
}

const waiting: (() => void)[] = [];
let reading = 0;

/** Reads a mail without keeping others waiting. Throws `UnreadableMail`. */
export async function readApart<T>(wanted: Reading): Promise<T> {
  if (reading === AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  else reading += 1;
  try {
    return await inThread<T>(wanted);
  } finally {
    const next = waiting.shift();
    if (next) next();
    else reading -= 1;
  }
}

function inThread<T>(wanted: Reading): Promise<T> {
  const thread = new Worker(new URL('./reading-thread.ts', import.meta.url), {
    workerData: wanted,
    resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MIB },
  });
  return new Promise<T>((resolve, reject) => {
    const late = setTimeout(() => reject(new UnreadableMail('too slow')), WITHIN_MS);
    thread.once('message', resolve);
    thread.once('error', (error) => reject(new UnreadableMail(error)));
    thread.once('exit', () => {
      clearTimeout(late);
      reject(new UnreadableMail('ended'));
    });
  }).finally(() => void thread.terminate());
}
