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
  const env = {
    ...process.env,
    NODE_COMPILE_CACHE: join(tmpdir(), 'mooring-compile-cache'),
    ...environment,
    PORT: `${port}`,
  };
  const child = fork(join(import.meta.dirname, '../../server.ts'), { silent: true, env });
  keepOutput(child);
  const died = once(child, 'exit').then(([, signal]) => signal as string | null);
  await Promise.race([once(child, 'message'), died.then(() => Promise.reject(new Error('The server did not start')))]);
  return { url: `http://127.0.0.1:${port}`, died };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
