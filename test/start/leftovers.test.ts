import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { lockFolder } from '../../embedded/folder-lock.ts';
import { endLeftovers } from '../../embedded/leftovers.ts';

const dir = mkdtempSync(join(tmpdir(), 'mooring-leftovers-'));
const script = join(dir, 'lives.mjs');
writeFileSync(
  script,
  `setInterval(() => {}, 1e6); process.on('SIGTERM', () => process.exit(7)); process.send('ready');`,
);
afterAll(() => rmSync(dir, { recursive: true }));

async function live(...args: string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  await once(child, 'message');
  return child;
}

describe('endLeftovers', { timeout: 30_000 }, () => {
  const state = join(dir, 'state');
  mkdirSync(state);

  it('ends the processes of its state folder, telling them first, and nobody else', async () => {
    const ours = await Promise.all([
      live('--state-dir', state),
      live('--dir', join(state, 'sandbox'), '--port', '1'),
      live('--db-filename', join(state, 'temporal', 'temporal.db')),
    ]);
    const strangers = await Promise.all([
      live('--state-dir', `${state}-of-another`),
      live(`tail --state-dir ${state}`),
      live('--dir', state),
    ]);
    const ended = Promise.all(ours.map(async (child) => (await once(child, 'exit'))[0] as number));
    expect(await endLeftovers(state)).toBe(3);
    expect(await ended).toEqual([7, 7, 7]);
    expect(strangers.map(({ exitCode, signalCode }) => exitCode ?? signalCode)).toEqual([null, null, null]);
    for (const stranger of strangers) stranger.kill();
  });

  it('kills what does not listen', async () => {
    const deaf = join(dir, 'deaf.mjs');
    writeFileSync(deaf, `setInterval(() => {}, 1e6); process.on('SIGTERM', () => {}); process.send('ready');`);
    const child = spawn(process.execPath, [deaf, '--state-dir', state], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await once(child, 'message');
    const exit = once(child, 'exit');
    await endLeftovers(state, 200);
    expect((await exit)[1]).toBe('SIGKILL');
  });
});

describe('lockFolder', { timeout: 30_000 }, () => {
  it('has one holder, and is free at once when that is killed', async () => {
    const holder = join(dir, 'holder.mjs');
    const lock = join(import.meta.dirname, '../../embedded/folder-lock.ts');
    writeFileSync(
      holder,
      `import { lockFolder } from '${lock}'; if (lockFolder('${dir}')) process.send('held'); setInterval(() => {}, 1e6);`,
    );
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', holder], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await once(child, 'message');
    expect(lockFolder(dir)).toBeNull();
    child.kill('SIGKILL');
    await once(child, 'exit');
    const taken = lockFolder(dir);
    expect(taken).not.toBeNull();
    expect(lockFolder(dir)).toBeNull();
    taken?.release();
  });
});
