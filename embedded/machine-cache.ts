import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lockFolder } from './folder-lock.ts';

/**
 * The folder `name` in the cache, made by `make` if it is missing: whole or not at all, and once, however many
 * starts ask for it at the same time.
 */
export async function buildOnce(
  cacheDir: string,
  name: string,
  make: (part: string) => Promise<void>,
): Promise<string> {
  const folder = join(cacheDir, name);
  if (existsSync(folder)) return folder;
  await mkdir(cacheDir, { recursive: true });
  const lock = await waitForLock(cacheDir);
  try {
    if (existsSync(folder)) return folder;
    for (const left of await readdir(cacheDir)) {
      if (left.startsWith(`${name}-`)) await rm(join(cacheDir, left), { recursive: true, force: true }); // of a killed start
    }
    const part = await mkdtemp(`${folder}-`);
    try {
      await make(part);
      await rename(part, folder);
    } catch (error) {
      await rm(part, { recursive: true, force: true });
      throw error;
    }
    return folder;
  } finally {
    lock.release();
  }
}

async function waitForLock(dir: string): Promise<{ release: () => void }> {
  for (;;) {
    const lock = lockFolder(dir);
    if (lock) return lock;
    await sleep(500);
  }
}
