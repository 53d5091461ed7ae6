import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../embedded/ports.ts';

/** Debian's place of it, which not every PATH has. */
const PGBOUNCER = '/usr/sbin/pgbouncer';

/** PgBouncer itself in transaction mode, before a server that trusts this machine. Debian's 1.18 keeps no prepared statements. */
export async function startPgBouncer(target: URL, backendsPerUser: number, users: string[]) {
  const dir = mkdtempSync(join(tmpdir(), 'mooring-pgbouncer-'));
  chmodSync(dir, 0o755);
  const port = await freePort();
  const [config, list] = [join(dir, 'pgbouncer.ini'), join(dir, 'users.txt')];
  writeFileSync(list, users.map((user) => `"${user}" ""\n`).join(''));
  writeFileSync(
    config,
    `[databases]
* = host=${target.hostname} port=${target.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${list}
pool_mode = transaction
default_pool_size = ${backendsPerUser}
max_client_conn = 500
ignore_startup_parameters = role
`,
  );
  // It refuses to be root.
  const asUser = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const bouncer = spawn(PGBOUNCER, [...asUser, config], { stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  bouncer.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const end = once(bouncer, 'exit').catch((error: Error) => (output += error.message));
  for (let attempt = 0; !(await answers(port)); attempt++) {
    if (bouncer.exitCode !== null || attempt === 100) throw new Error(`PgBouncer did not start: ${output}`);
    await sleep(100);
  }
  return {
    port,
    async close() {
      bouncer.kill('SIGKILL');
      await end;
      rmSync(dir, { recursive: true });
    },
  };
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const answered = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return answered;
}
