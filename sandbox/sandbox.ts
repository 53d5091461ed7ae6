import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:http';
import { join } from 'node:path';
import express from 'express';
import { openClock } from './clock.ts';
import { openConditions } from './conditions.ts';
import { controlRoutes, refuseOtherSites } from './control.ts';
import { createGoogleProvider } from './google/google.ts';
import { createImapProvider } from './imap/imap.ts';
import { pageRoutes } from './page/page.ts';
import { openPorts } from './ports.ts';
import type { ProviderDeps, ProviderName, SandboxProvider } from './provider.ts';
import { openRequestLog } from './request-log.ts';

export interface SandboxOptions {
  /** Everything that outlives the process, and `sandbox.json`; made when it is missing. */
  readonly dir: string;
  /** The first port: control API, page, Google. 0 takes the one of last time, or a free one. */
  readonly port: number;
  /** Where the providers push news to, each under its own name: `http://127.0.0.1:3000/push`. */
  readonly pushTo?: string | undefined;
}

/** What `sandbox.json` says, once everything listens. */
export interface SandboxAddresses {
  readonly pid: number;
  readonly control: string;
  readonly page: string;
  readonly google: SandboxProvider['connection'];
  readonly imap: SandboxProvider['connection'];
}

export interface RunningSandbox {
  readonly addresses: SandboxAddresses;
  close(): Promise<void>;
}

/**
 * Starts the simulated providers on 127.0.0.1 where they were left off.
 * @throws when a port is taken, by another sandbox on the same folder for one, or the state cannot be read
 */
export async function startSandbox({ dir, port, pushTo }: SandboxOptions): Promise<RunningSandbox> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const ports = openPorts(dir);
  const ready = Promise.withResolvers<RequestListener>();
  const server = createServer((request, response) => void ready.promise.then((serve) => serve(request, response)));
  server.keepAliveTimeout = 75_000; // longer than a client keeps its own idle connections
  // The port is also the lock on the folder: nothing is read or written before it is ours.
  const origin = `http://127.0.0.1:${await ports.listen(server, 'control', port)}`;
  const file = join(dir, 'sandbox.json');
  rmSync(file, { force: true });
  const deps = { dir, ports, clock: openClock(dir), conditions: openConditions(dir), requests: openRequestLog(dir) };
  const google = createGoogleProvider({ ...deps, pushTo: pushTo && `${pushTo}/google` }, origin);
  const imap = await createImapProvider(deps);
  const providers = new Map<ProviderName, SandboxProvider>([google, imap].map((provider) => [provider.name, provider]));
  const app = express().disable('x-powered-by');
  app.use(refuseOtherSites, google.routes);
  app.use('/control', controlRoutes({ ...deps, providers }));
  app.use(pageRoutes());
  ready.resolve(app as RequestListener);
  const addresses = {
    pid: process.pid,
    control: origin,
    page: `${origin}/`,
    google: google.connection,
    imap: imap.connection,
  };
  writeFileSync(`${file}.new`, JSON.stringify(addresses, null, 2), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return {
    addresses,
    async close() {
      rmSync(file, { force: true });
      server.closeAllConnections();
      await Promise.all([new Promise((resolve) => server.close(resolve)), google.close(), imap.close()]);
      closeDeps(deps);
    },
  };
}

function closeDeps({ clock, conditions, requests }: ProviderDeps): void {
  clock.close();
  conditions.close();
  requests.close();
}
