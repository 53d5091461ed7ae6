import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { StartError } from './start-error.ts';

const PICKED = ['postgres', 'temporal', 'temporal_ui', 'temporal_http', 'sandbox'] as const;
export type Ports = Record<(typeof PICKED)[number], number>;

/**
 * The ports of what is embedded: those of the last start where they are still free, else others. They are kept in
 * `ports.json`, so that addresses a person wrote down stay good.
 */
export async function choosePorts(stateDir: string, sandboxPort: number | null): Promise<Ports> {
  const file = join(stateDir, 'ports.json');
  const remembered = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Partial<Ports>) : {};
  const ports: Partial<Ports> = {};
  for (const name of PICKED) {
    const last = remembered[name];
    ports[name] = last !== undefined && (await isFree(last)) ? last : await freePort(Object.values(ports));
  }
  if (sandboxPort !== null) ports.sandbox = sandboxPort;
  writeFileSync(`${file}.part`, `${JSON.stringify(ports)}\n`, { mode: 0o600 });
  renameSync(`${file}.part`, file);
  return ports as Ports;
}

/** Throws when `port`, which the person chose through `variable`, is another program's. */
export async function claimPort(variable: string, port: number, host = '127.0.0.1'): Promise<void> {
  if (await isFree(port, host)) return;
  throw new StartError(
    `Port ${port} is taken by another program. Set ${variable} to a free port, or end that program.`,
  );
}

/**
 * A free port. Below 32768, where no system takes the ports of outgoing connections from: one of
 * those could hold a remembered port for a minute just when its server comes back.
 */
export async function freePort(taken: readonly number[] = []): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (!taken.includes(port) && (await isFree(port))) return port;
  }
  throw new StartError('No free port was found between 20000 and 32000.');
}

/** Whether something answers 200 at an address. */
export async function answers(url: string, signal: AbortSignal): Promise<boolean> {
  return fetch(url, { signal }).then(
    async ({ ok, body }) => {
      await body?.cancel();
      return ok;
    },
    () => false,
  );
}

function isFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else if (error.code === 'EACCES')
        reject(new StartError(`Port ${port} needs administrator rights. Choose one above 1023.`));
      else reject(new StartError(`Cannot listen on ${host}:${port}: ${error.code}.`));
    });
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
