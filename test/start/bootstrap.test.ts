import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const checkout = join(import.meta.dirname, '../..');
const dir = mkdtempSync(join(tmpdir(), 'mooring-bootstrap-'));
afterAll(() => rmSync(dir, { recursive: true }));

/** A checkout whose dependencies are installed, but for those that `missing` adds to its lock file. */
function cloned(name: string, missing: Record<string, unknown> = {}): string {
  const clone = join(dir, name);
  mkdirSync(clone);
  copyFileSync(join(checkout, 'bootstrap.mjs'), join(clone, 'bootstrap.mjs'));
  cpSync(join(checkout, 'patches'), join(clone, 'patches'), { recursive: true });
  symlinkSync(join(checkout, 'node_modules'), join(clone, 'node_modules'));
  const installed = JSON.parse(readFileSync(join(checkout, 'node_modules/.package-lock.json'), 'utf8')) as {
    packages: Record<string, unknown>;
  };
  const lock = { ...installed, packages: { ...installed.packages, ...missing } };
  writeFileSync(join(clone, 'package-lock.json'), JSON.stringify(lock));
  return clone;
}

function bootstrap(clone: string, args: string[], environment: Record<string, string> = {}) {
  const child = spawn('node', ['bootstrap.mjs', ...args], {
    cwd: clone,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { child, ended: finish(child) };
}

async function finish(child: ChildProcess): Promise<{ code: number; stdout: string; stderr: string }> {
  const said = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, ...said };
}

describe('bootstrap.mjs', () => {
  it('runs a script under the Node of node_modules, silently, and ends as it ended', async () => {
    const clone = cloned('silent');
    writeFileSync(
      join(clone, 'script.ts'),
      `console.log(process.version, ...process.argv.slice(2)); process.exit(3 as number);`,
    );
    const { version } = JSON.parse(readFileSync(join(checkout, 'node_modules/node/package.json'), 'utf8')) as {
      version: string;
    };
    expect(await bootstrap(clone, ['script.ts', 'a', '-b']).ended).toEqual({
      code: 3,
      stdout: `v${version} a -b\n`,
      stderr: '',
    });
  });

  it('passes signals on', async () => {
    const clone = cloned('signals');
    writeFileSync(
      join(clone, 'script.ts'),
      `process.on('SIGTERM', () => process.exit(5)); setInterval(() => {}, 1e6); console.log('up');`,
    );
    const { child, ended } = bootstrap(clone, ['script.ts']);
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect((await ended).code).toBe(5);
  });

  it('ends like a program that was killed', async () => {
    const clone = cloned('killed');
    writeFileSync(join(clone, 'script.ts'), `process.kill(process.pid, 'SIGKILL');`);
    expect((await bootstrap(clone, ['script.ts']).ended).code).toBe(128 + 9);
  });

  it('installs what the lock file names and node_modules lacks, with the npm that runs it', async () => {
    const clone = cloned('stale', { 'node_modules/new-one': { version: '1.0.0' } });
    const npm = join(clone, 'npm.mjs');
    writeFileSync(
      npm,
      `import { writeFileSync } from 'node:fs'; writeFileSync('asked', process.argv.slice(2).join(' '));`,
    );
    const { code, stdout, stderr } = await bootstrap(clone, [], { npm_execpath: npm }).ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toMatch(/Dependencies +installing.*\n.*Dependencies +ready/);
    expect(readFileSync(join(clone, 'asked'), 'utf8')).toContain('install --no-save --include=dev');
  });

  it('does without what is optional, for other machines', async () => {
    const clone = cloned('optional', { 'node_modules/other-machine': { version: '1.0.0', optional: true } });
    expect(await bootstrap(clone, []).ended).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('shows why npm failed', async () => {
    const clone = cloned('offline', { 'node_modules/new-one': { version: '1.0.0' } });
    const npm = join(clone, 'npm.mjs');
    writeFileSync(npm, `console.error('npm error network'); process.exit(1);`);
    const { code, stderr } = await bootstrap(clone, [], { npm_execpath: npm }).ended;
    expect(code).toBe(1);
    expect(stderr).toContain('npm error network');
  });
});
