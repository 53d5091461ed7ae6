import { once } from 'node:events';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { join } from 'node:path';
import type { PortMemory } from './provider.ts';

/**
 * Ports that were picked free are remembered by name in `ports.json` and used again: connected channels have the
 * address stored. A remembered port that another program took meanwhile is an error, not a reason to move.
 */
export function openPorts(
  dir: string,
): PortMemory & { listen(server: Server, name: string, wanted?: number): Promise<number> } {
  const file = join(dir, 'ports.json');
  const remembered: Record<string, number> = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>)
    : {};
  return {
    async listen(server: Server, name: string, wanted = 0): Promise<number> {
      const port = await listenOn(server, wanted || (remembered[name] ?? 0), name);
      if (remembered[name] !== port) {
        remembered[name] = port;
        writeFileSync(`${file}.new`, JSON.stringify(remembered));
        renameSync(`${file}.new`, file);
      }
      return port;
    },
  };
}

async function listenOn(server: Server, port: number, name: string): Promise<number> {
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(`port ${port} (sandbox ${name}) is taken by another process: free it, or choose another one`, {
      cause: error,
    });
  }
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error(`sandbox ${name} listens on no port`);
  return address.port;
}
