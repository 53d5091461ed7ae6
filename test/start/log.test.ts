import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
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

test('S-61: an error that is caught nowhere is logged without its values, and ends the process', () => {
  const program = `
    import { createLogger } from '${LOGGER}';
    import { logLastError } from '${LOGGER.replace('logger.ts', 'last-error.ts')}';
    logLastError(createLogger('test', 'info'));
    void Promise.reject(Object.assign(new Error('planted'), { detail: 'planted', code: 'E_TEST' }));
    setTimeout(() => {}, 10_000);`;
  // From a file: Node prints the source of what it is given on the command line.
  const file = join(mkdtempSync(join(tmpdir(), 'mooring-log-')), 'program.mjs');
  writeFileSync(file, program);
  const { stdout, stderr, status } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
  rmSync(dirname(file), { recursive: true });
  expect(JSON.parse(stdout)).toMatchObject({ level: 60, err: { type: 'Error', message: 'Error (E_TEST)' } });
  expect(`${stdout}${stderr}`).not.toContain('planted');
  expect(status).toBe(1);
});
