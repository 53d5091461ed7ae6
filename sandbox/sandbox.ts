import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:http';
import { join } from 'node:path';
import express from 'express';
import { openClock } from './clock.ts';
import { openConditions } from './conditions.ts';
import { controlRoutes, refuseOtherSites } from './control.ts';
import { createExchangeProvider } from './exchange/exchange.ts';
import { createGoogleProvider } from './google/google.ts';
import { createImapProvider } from './imap/imap.ts';
import { createMicrosoftProvider } from './microsoft/microsoft.ts';
import { pageRoutes } from './page/page.ts';
import { openPorts } from './ports.ts';
import { openPostOffice } from './post-office.ts';
import type { ProviderDeps, ProviderName, SandboxProvider } from './provider.ts';
import { openRequestLog } from './request-log.ts';
import { createSalesforceProvider } from './salesforce/salesforce.ts';

export interface SandboxOptions {
  /** Everything that outlives the process, and `sandbox.json`; made when it is missing. */
  readonly dir: string;
  /** The first port: control API, page, Google. 0 takes the one of last time, or a free one. */
  readonly port: number;
  /** Where the providers push news to, each under its own name: `http://127.0.0.1:3000/push`. */
  readonly pushTo?: string | undefined;
}

/** Every simulated provider, one line each. */
const PROVIDERS = {
  google: createGoogleProvider,
  imap: createImapProvider,
  microsoft: createMicrosoftProvider,
  exchange: createExchangeProvider,
  salesforce: createSalesforceProvider,
} satisfies Partial<Record<ProviderName, (deps: ProviderDeps) => SandboxProvider | Promise<SandboxProvider>>>;
type Name = keyof typeof PROVIDERS;

/** What `sandbox.json` says, once everything listens. */
export interface SandboxAddresses extends Readonly<Record<Name, SandboxProvider['connection']>> {
  readonly pid: number;
  readonly control: string;
  readonly page: string;
  /** The variables that put its providers in the place of the real ones, by provider. */
  readonly environment: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Who signed its servers' certificates, PEM files. */
  readonly authorities: readonly string[];
  /** What `run.json` says of its providers. */
  readonly run: Readonly<Record<string, unknown>>;
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
  const providers = new Map<ProviderName, SandboxProvider>();
  const deps = {
    dir,
    ports,
    post: openPostOffice(providers),
    origin,
    clock: openClock(dir),
    conditions: openConditions(dir),
    requests: openRequestLog(dir),
  };
  for (const [name, create] of Object.entries(PROVIDERS)) {
    const provider = await create({ ...deps, pushTo: pushTo && `${pushTo}/${name}` });
    providers.set(provider.name, provider);
  }
  const app = express().disable('x-powered-by');
  app.use(refuseOtherSites, ...[...providers.values()].flatMap(({ routes }) => routes ?? []));
  app.use('/control', controlRoutes({ ...deps, providers }));
  app.use(pageRoutes(pushTo ? new URL(pushTo).origin : null));
  ready.resolve(app as RequestListener);
  const addresses = addressesOf(origin, [...providers.values()]);
  writeFileSync(`${file}.new`, JSON.stringify(addresses, null, 2), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return {
    addresses,
    async close() {
      rmSync(file, { force: true });
      server.closeAllConnections();
      await Promise.all([
        new Promise((resolve) => server.close(resolve)),
        ...[...providers.values()].map((provider) => provider.close()),
      ]);
      closeDeps(deps);
    },
  };
}

function addressesOf(origin: string, providers: readonly SandboxProvider[]): SandboxAddresses {
  const connections = Object.fromEntries(providers.map(({ name, connection }) => [name, connection]));
  return {
    ...(connections as Record<Name, SandboxProvider['connection']>),
    pid: process.pid,
    control: origin,
    page: `${origin}/`,
    environment: Object.fromEntries(providers.map(({ name, environment = {} }) => [name, environment])),
    authorities: [...new Set(providers.flatMap(({ caFile }) => caFile ?? []))],
    run: merged(providers.map(({ run = {} }) => run)),
  };
}

/** Two providers may tell parts of one thing, such as where tokens open mailboxes. */
function merged(parts: readonly Readonly<Record<string, unknown>>[]): Record<string, unknown> {
  const whole: Record<string, unknown> = {};
  for (const part of parts) {
    for (const [name, value] of Object.entries(part))
      whole[name] = { ...(whole[name] as object), ...(value as object) };
  }
  return whole;
}

function closeDeps({ clock, conditions, requests }: ProviderDeps): void {
  clock.close();
  conditions.close();
  requests.close();
}
