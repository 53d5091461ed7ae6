import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const LOGGER = join(import.meta.dirname, '../../runtime/logger.ts');
const ENDS = {
  'has nothing left to do': '',
  exits: 'process.exit(3)',
  'breaks on an error': "throw new Error('broken')",
  'breaks on a rejection': "void Promise.reject(new Error('broken'))",
};

/** What a process has logged that ends this way right after its last line. */
function linesOf(end: string): string[] {
  const program = `
    import { createLogger } from '${LOGGER}';
    const logger = createLogger('test', 'info');
    for (let i = 0; i < 3; i++) logger.info({ i }, 'a line');
    ${end}`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line !== '');
}

test.each(Object.entries(ENDS))('a process that %s leaves no line behind', (_how, end) => {
  expect(linesOf(end).map((line) => (JSON.parse(line) as { i: number }).i)).toEqual([0, 1, 2]);
});
