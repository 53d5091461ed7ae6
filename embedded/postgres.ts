import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import connect from 'postgres';
import { freePort } from './ports.ts';
import { postgresBinaries } from './postgres-binaries.ts';
import {
  acceptsConnections,
  clusterName,
  clusterUser,
  DATABASE,
  dataArgument,
  endCluster,
  initialise,
  SUPERUSER,
} from './postgres-cluster.ts';
import { launch, type ProcessSpec } from './process.ts';

/**
 * Starts PostgreSQL in the data folder `dir`, made if it is missing, on 127.0.0.1. A server that still runs there is
 * ended first. `url` is the superuser's, of the database `mooring`.
 */
export async function startPostgres({
  dir,
  port = 0,
}: {
  dir: string;
  port?: number;
}): Promise<{ url: string; pid: number; stop: () => Promise<void> }> {
  const logFile = `${resolve(dir)}.log`;
  const { spec, url } = await preparePostgres({ dir, port: port || (await freePort()), logFile });
  const running = await launch(spec);
  return { url, pid: running.pid, stop: running.stop };
}

export interface PreparedPostgres {
  spec: ProcessSpec;
  url: string;
}

/** Makes the data folder if it is missing, and says how to run PostgreSQL in it. */
export async function preparePostgres({
  dir,
  port,
  logFile,
}: {
  dir: string;
  port: number;
  logFile: string;
}): Promise<PreparedPostgres> {
  mkdirSync(dirname(resolve(dir)), { recursive: true, mode: 0o700 });
  const dataDir = join(realpathSync(dirname(resolve(dir))), basename(dir));
  const password = passwordOf(dataDir);
  const url = `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${DATABASE}`;
  const user = await clusterUser(dataDir);
  const binaries = await postgresBinaries(user);
  await initialise(dataDir, binaries, user, password, logFile);
  return {
    url,
    spec: {
      title: 'PostgreSQL',
      command: join(binaries, 'postgres'),
      args: ['-D', dataArgument(dataDir), ...settings(dataDir, port)],
      environment: { TZ: 'UTC', LC_ALL: 'C' },
      workingDirectory: dataDir,
      ...(user && { user }),
      logFile,
      before: async () => void (await endCluster(dataDir)),
      async ready(child, signal) {
        while (!acceptsConnections(dataDir, child.pid ?? -1)) await sleep(25, undefined, { signal });
        await createDatabase(url);
      },
      readyTimeoutMs: 60_000, // recovery after a crash reads the log back first
      stopSignal: 'SIGINT', // a fast shutdown: open transactions are rolled back
      stopTimeoutMs: 20_000,
    },
  };
}

/**
 * fsync and full_page_writes stay on: what a caller was told is stored is on the disk. The errors of statements are in
 * the log of the process that sent them; PostgreSQL's own would quote the row.
 */
function settings(dataDir: string, port: number): string[] {
  const values = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    cluster_name: clusterName(dataDir),
    max_connections: 200,
    shared_buffers: '128MB',
    timezone: 'UTC',
    log_min_messages: 'log',
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

function passwordOf(dataDir: string): string {
  const file = `${dataDir}-password`;
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600 });
  return readFileSync(file, 'utf8').trim();
}

async function createDatabase(url: string): Promise<void> {
  const sql = connect(url, { database: 'postgres', max: 1, onnotice: () => {} });
  try {
    const [existing] = await sql`select 1 from pg_database where datname = ${DATABASE}`;
    if (!existing) await sql.unsafe(`create database ${DATABASE}`);
  } finally {
    await sql.end();
  }
}
