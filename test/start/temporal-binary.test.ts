import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { buildOnce } from '../../embedded/machine-cache.ts';
import { TEMPORAL_CLI, temporalBinary } from '../../embedded/temporal-binary.ts';
import { downloadTemporal } from '../../embedded/temporal-download.ts';

const dir = mkdtempSync(join(tmpdir(), 'mooring-temporal-'));
afterAll(() => rmSync(dir, { recursive: true }));

function program(folder: string, name: string): string {
  const file = join(dir, folder, name);
  mkdirSync(join(dir, folder), { recursive: true });
  writeFileSync(file, '#!/bin/sh\n');
  chmodSync(file, 0o755);
  return file;
}

const tools = (environment: Record<string, string>, cache = 'cache') => ({
  environment,
  cacheDir: join(dir, cache),
  say: () => {},
});

describe('temporalBinary', () => {
  it('takes TEMPORAL_CLI_PATH, then the PATH, then the cache', async () => {
    const given = program('given', 'temporal');
    const installed = program('installed', 'temporal');
    const cached = program(`cache/temporal-${TEMPORAL_CLI}`, 'temporal');
    const path = `${dir}/nowhere:${dir}/installed`;
    expect(await temporalBinary(tools({ TEMPORAL_CLI_PATH: given, PATH: path }))).toBe(given);
    expect(await temporalBinary(tools({ PATH: path }))).toBe(installed);
    expect(await temporalBinary(tools({ PATH: `${dir}/nowhere` }))).toBe(cached);
  });

  it('names TEMPORAL_CLI_PATH when it is no program', async () => {
    await expect(temporalBinary(tools({ TEMPORAL_CLI_PATH: dir }))).rejects.toThrow('TEMPORAL_CLI_PATH must be');
  });
});

describe('downloadTemporal', () => {
  it('asks for the pinned version as the SDK does, and takes the program out of the archive', async () => {
    const content = join(dir, 'content');
    program('content', 'temporal');
    execFileSync('tar', ['-czf', join(dir, 'cli.tar.gz'), '-C', content, 'temporal']);
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      const { port } = server.address() as AddressInfo;
      const archive = request.url === '/archive';
      response.end(
        archive
          ? readFileSync(join(dir, 'cli.tar.gz'))
          : JSON.stringify({ archiveUrl: `http://127.0.0.1:${port}/archive`, fileToExtract: 'temporal' }),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const target = join(dir, 'target');
    mkdirSync(target);
    await downloadTemporal(target, '1.8.2', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.close();
    expect(asked[0]).toMatch(/^\/cli\/v1\.8\.2\?arch=(amd64|arm64)&platform=\w+&format=tar\.gz$/);
    expect(readFileSync(join(target, 'temporal'), 'utf8')).toBe('#!/bin/sh\n');
  });

  it('says who could not be reached', async () => {
    await expect(downloadTemporal(dir, '1.8.2', 'http://127.0.0.1:1')).rejects.toThrow(
      'http://127.0.0.1:1 cannot be reached',
    );
  });
});

describe('buildOnce', () => {
  it('makes a folder once for all who ask at the same time, and clears away what a killed one left', async () => {
    const cache = join(dir, 'once');
    mkdirSync(join(cache, 'thing-Ab12'), { recursive: true });
    let made = 0;
    const make = async (part: string) => {
      made++;
      await sleep(50);
      writeFileSync(join(part, 'whole'), '');
    };
    const folders = await Promise.all([1, 2, 3].map(() => buildOnce(cache, 'thing', make)));
    expect(made).toBe(1);
    expect(new Set(folders)).toEqual(new Set([join(cache, 'thing')]));
    expect(readdirSync(cache).filter((name) => name.startsWith('thing'))).toEqual(['thing']);
  });

  it('leaves nothing of a failed attempt', async () => {
    const failing = buildOnce(join(dir, 'failing'), 'thing', () => Promise.reject(new Error('no disk')));
    await expect(failing).rejects.toThrow('no disk');
    expect(existsSync(join(dir, 'failing', 'thing'))).toBe(false);
    expect(readdirSync(join(dir, 'failing')).filter((name) => name.startsWith('thing'))).toEqual([]);
  });
});
