import { execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { lastLines } from './log-file.ts';
import type { User } from './postgres-binaries.ts';
import { endProcesses } from './process-table.ts';
import { StartError } from './start-error.ts';

export const SUPERUSER = 'mooring';
export const DATABASE = 'mooring';

/**
 * What the data folder is called on PostgreSQL's command line. On Linux it is the working directory, entered as
 * root before the change of user, so that the folders above it need not be open to that user.
 */
export const dataArgument = (dataDir: string): string => (process.platform === 'linux' ? '/proc/self/cwd' : dataDir);

/** The `cluster_name` of a data folder; every process of the cluster carries it on its command line. */
export function clusterName(dataDir: string): string {
  return `mooring-${createHash('sha256').update(dataDir).digest('hex').slice(0, 16)}`;
}

/**
 * Ends every process of the cluster in `dataDir`: the postmaster by a fast shutdown where it still lives, then the
 * backends that a killed one left, which hold its shared memory and port until they notice. Then nothing stands
 * behind `postmaster.pid`, whose pid another process may have by now, which would keep PostgreSQL from starting.
 */
export async function endCluster(dataDir: string): Promise<number> {
  const name = clusterName(dataDir);
  const postmasters = await endProcesses(({ argv }) => argv.includes(`cluster_name=${name}`), 10_000, 'SIGINT');
  const backends = await endProcesses(({ argv }) => argv[0]?.startsWith(`postgres: ${name}: `) ?? false, 0, 'SIGKILL');
  rmSync(join(dataDir, 'postmaster.pid'), { force: true });
  return postmasters || Math.min(backends, 1);
}

/** Whether the postmaster `pid` accepts connections, as `pg_ctl` finds it out: the last line of its pid file. */
export function acceptsConnections(dataDir: string, pid: number): boolean {
  const file = join(dataDir, 'postmaster.pid');
  if (!existsSync(file)) return false;
  const lines = readFileSync(file, 'utf8').split('\n');
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
}

/**
 * Whom PostgreSQL runs as: us (`null`), or, for root, as which it refuses to run, the owner of an existing data
 * folder, `postgres`, or `nobody`.
 */
export async function clusterUser(dataDir: string): Promise<User | null> {
  if (process.getuid?.() !== 0) return null;
  const owner = existsSync(dataDir) ? statSync(dataDir) : null;
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  for (const name of ['postgres', 'nobody']) {
    const user = await Promise.all([idOf('-u', name), idOf('-g', name)]).catch(() => null);
    if (user) return { uid: user[0], gid: user[1] };
  }
  throw new StartError(
    'PostgreSQL does not run as root, and there is no user postgres or nobody. Start Mooring as an ordinary user, or set DATABASE_URL.',
  );
}

async function idOf(flag: '-u' | '-g', name: string): Promise<number> {
  return Number((await promisify(execFile)('id', [flag, name])).stdout);
}

/** Makes the data folder if there is none, whole or not at all: a killed `initdb` leaves only a `.part`. */
export async function initialise(
  dataDir: string,
  binaries: string,
  user: User | null,
  password: string,
  logFile: string,
): Promise<void> {
  if (existsSync(dataDir)) return;
  const part = `${dataDir}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true, mode: 0o700 });
  if (user) chownSync(part, user.uid, user.gid);
  const log = openSync(logFile, 'a', 0o600);
  const passwordFile = openPasswordFile(part, password, user);
  try {
    const initdb = spawn(join(binaries, 'initdb'), [...INITDB, '-D', dataArgument(part), '--pwfile=/dev/fd/3'], {
      ...user,
      cwd: part,
      env: {},
      stdio: ['ignore', log, log, passwordFile],
    });
    const code = await new Promise<number | null>((resolve, reject) =>
      initdb.once('exit', resolve).once('error', reject),
    );
    if (code !== 0) throw new StartError([`initdb ended with ${code}:`, ...lastLines(logFile)].join('\n  '));
  } finally {
    closeSync(passwordFile);
    closeSync(log);
  }
  await rename(part, dataDir);
}

/** Text is UTF-8 and sorts by code point on every machine, so an index never depends on the system's locales. */
const INITDB = [
  '-U',
  SUPERUSER,
  '--auth=scram-sha-256',
  '--encoding=UTF8',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--locale=C',
  '--data-checksums',
  '--no-instructions',
];

/** initdb opens it by descriptor, because its user may not enter the folder. */
function openPasswordFile(part: string, password: string, user: User | null): number {
  const file = `${part}.${randomBytes(6).toString('hex')}`;
  writeFileSync(file, `${password}\n`, { mode: 0o600, flag: 'wx' });
  try {
    if (user) chownSync(file, user.uid, user.gid);
    return openSync(file, 'r');
  } finally {
    rmSync(file);
  }
}
