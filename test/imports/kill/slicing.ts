import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Stage } from '../../support/stage.ts';

/** One slice in a process of its own; its answer, or the signal that ended it. */
export async function sliceInProcess(
  { environment: staged }: Pick<Stage, 'environment'>,
  given: Record<string, string>,
): Promise<{ signal: string | null; done: boolean }> {
  const file = new URL('slicing-process.ts', import.meta.url).pathname;
  const environment = { PATH: process.env['PATH'] ?? '', ...staged, ...given };
  const child = spawn(process.execPath, [file], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => (text += String(chunk)));
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  // What it logs comes first.
  const answer = text.trimEnd().split('\n').at(-1) ?? '';
  const done = answer !== '' && (JSON.parse(answer) as Partial<{ done: boolean }>).done === true;
  return { signal, done };
}
