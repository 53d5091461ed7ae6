import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import type { ProcessSpec } from '../../embedded/process.ts';
import { createSupervisor } from '../../embedded/supervisor.ts';

const dir = mkdtempSync(join(tmpdir(), 'mooring-supervisor-'));
afterAll(() => rmSync(dir, { recursive: true }));

const LIVES = `setInterval(() => {}, 1e6); process.send('ready');`;

/** A process that runs `code` and is ready when it says so. */
function spec(name: string, code: string, more: Partial<ProcessSpec> = {}): ProcessSpec {
  const script = join(dir, `${name}.mjs`);
  writeFileSync(script, code);
  return {
    title: name,
    command: process.execPath,
    args: [script],
    environment: {},
    logFile: join(dir, `${name}.log`),
    ipc: true,
    ready: async (child, signal) => void (await once(child, 'message', { signal })),
    readyTimeoutMs: 20_000,
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 10_000,
    ...more,
  };
}

function supervised() {
  const lines: string[] = [];
  const restarted = vi.fn<() => void>();
  const supervisor = createSupervisor((subject, text) => lines.push(`${subject} ${text}`), restarted);
  return { supervisor, lines, restarted, pid: (name: string) => supervisor.pids()[name] ?? 0 };
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('createSupervisor', { timeout: 30_000 }, () => {
  it('brings back what was killed, says so, and knows the new pid', async () => {
    const { supervisor, lines, restarted, pid } = supervised();
    await supervisor.start('killed', spec('killed', LIVES));
    const before = pid('killed');
    process.kill(before, 'SIGKILL');
    await vi.waitFor(() => expect(restarted).toHaveBeenCalledOnce(), 20_000);
    expect(pid('killed')).not.toBe(before);
    expect(lines).toEqual(['killed was killed (SIGKILL); starting it again', `killed back, process ${pid('killed')}`]);
    await supervisor.stop('killed');
    expect(alive(pid('killed'))).toBe(false);
  });

  it('brings back what ended by itself', async () => {
    const { supervisor, lines, restarted } = supervised();
    await supervisor.start('ended', spec('ended', `process.send('ready', () => process.exit(3));`));
    await vi.waitFor(() => expect(restarted).toHaveBeenCalled(), 20_000);
    await supervisor.stop('ended');
    expect(lines[0]).toBe('ended ended with code 3; starting it again');
  });

  it('shows the last lines of what does not start', async () => {
    const { supervisor } = supervised();
    const broken = spec('broken', `console.log('the disk is full'); process.exit(1);`);
    await expect(supervisor.start('broken', broken)).rejects.toThrow(
      /broken ended with code 1.*\n {4}the disk is full/,
    );
  });

  it('says once why something does not come back, and goes on trying', async () => {
    const { supervisor, lines, restarted } = supervised();
    const flag = join(dir, 'broken-for-a-while');
    const code = `import { existsSync } from 'node:fs'; if (existsSync('${flag}')) { console.log('no disk'); process.exit(1); } ${LIVES}`;
    await supervisor.start('trying', spec('trying', code));
    writeFileSync(flag, '');
    process.kill(supervisor.pids()['trying'] ?? 0, 'SIGKILL');
    const attempts = () => readFileSync(join(dir, 'trying.log'), 'utf8').split('no disk').length - 1;
    await vi.waitFor(() => expect(attempts()).toBeGreaterThan(1), 20_000);
    rmSync(flag);
    await vi.waitFor(() => expect(restarted).toHaveBeenCalledOnce(), 20_000);
    await supervisor.stop('trying');
    expect(lines.filter((line) => line.includes('no disk'))).toHaveLength(1);
  });

  it('kills what does not end when it is told to', async () => {
    const { supervisor, pid } = supervised();
    const code = `process.on('SIGTERM', () => {}); ${LIVES}`;
    await supervisor.start('stubborn', spec('stubborn', code, { stopTimeoutMs: 300 }));
    await supervisor.stop('stubborn');
    expect(alive(pid('stubborn'))).toBe(false);
  });

  it('stops what is still starting, and starts nothing after it was closed', async () => {
    const { supervisor } = supervised();
    const starting = supervisor.start('silent', spec('silent', 'setInterval(() => {}, 1e6)'));
    supervisor.close();
    const stopped = supervisor.stop('silent');
    await expect(starting).rejects.toThrow('silent was stopped');
    await stopped;
    await expect(supervisor.start('late', spec('late', LIVES))).rejects.toThrow('late was stopped');
  });

  it.runIf(process.platform === 'linux')('keeps a terminal’s Ctrl-C from its processes', async () => {
    const { supervisor, pid } = supervised();
    await supervisor.start('apart', spec('apart', LIVES));
    const group = readFileSync(`/proc/${pid('apart')}/stat`, 'utf8')
      .split(') ')[1]
      ?.split(' ')[2];
    await supervisor.stop('apart');
    expect(Number(group)).toBe(pid('apart'));
  });
});
