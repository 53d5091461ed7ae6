import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepOutput } from '../support/kept-log.ts';

export interface ServerProcess {
  url: string;
  /** The signal it died of. */
  died: Promise<string | null>;
}

/** Starts server.ts itself, on a port of its own, as one of several behind the same public address. */
export async function startServerProcess(environment: Record<string, string>): Promise<ServerProcess> {
  const port = await freePort();
  const { died } = await start('server.ts', { ...environment, PORT: `${port}` });
  return { url: `http://127.0.0.1:${port}`, died };
}

/** Starts listener.ts itself. */
export const startListenerProcess = (environment: Record<string, string>) => start('listener.ts', environment);

/** Starts worker.ts itself. */
export async function startWorkerProcess(environment: Record<string, string>) {
  const { child, died } = await start('worker.ts', environment);
  return {
    died,
    async stop() {
      child.kill('SIGTERM');
      await died;
    },
  };
}

async function start(program: string, environment: Record<string, string>) {
  const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'mooring-compile-cache'), ...environment };
  const child = fork(join(import.meta.dirname, '../..', program), { silent: true, env });
  keepOutput(child);
  const endWithUs = () => child.kill('SIGKILL'); // a test that ran out of time leaves none behind
  process.once('exit', endWithUs);
  child.once('exit', () => process.off('exit', endWithUs));
  const died = once(child, 'exit').then(([, signal]) => signal as string | null);
  const failed = died.then(() => Promise.reject(new Error(`${program} did not start`)));
  await Promise.race([once(child, 'message'), failed]);
  return { child, died };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
