/** Prints a line about a subject, with how long it took. */
export type Say = (subject: string, text: string, tookMs?: number) => void;

const SUBJECT_WIDTH = 13;

/** The terminal's output: one line per step, aligned. */
export function sayTo(out: NodeJS.WritableStream): Say {
  return (subject, text, tookMs) => {
    const took = tookMs === undefined ? '' : `  ${(tookMs / 1000).toFixed(1)} s`;
    out.write(`  ${subject.padEnd(SUBJECT_WIDTH)} ${text}${took}\n`);
  };
}

/** Does a step of the start and prints one line when it is done. */
export async function step<T>(say: Say, subject: string, work: () => Promise<T>, done = 'ready'): Promise<T> {
  const began = Date.now();
  const result = await work();
  say(subject, done, Date.now() - began);
  return result;
}
