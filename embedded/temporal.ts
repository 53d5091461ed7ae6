import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { answers } from './ports.ts';
import type { ProcessSpec } from './process.ts';

export interface TemporalOptions {
  binary: string;
  /** Absolute. */
  stateDir: string;
  port: number;
  uiPort: number;
  httpPort: number;
  namespace: string;
  environment: Record<string, string>;
}

/** By which operators find channels in Temporal's tools; there from the first instant of a new namespace. */
const SEARCH_ATTRIBUTES = ['TenantId', 'AccessType', 'ChannelStatus', 'StatusReason'];

/** How to run Temporal's development server with its Web UI, its histories in SQLite. */
export function temporalSpec(options: TemporalOptions): ProcessSpec {
  const database = join(options.stateDir, 'temporal', 'temporal.db');
  mkdirSync(join(options.stateDir, 'temporal'), { recursive: true, mode: 0o700 });
  return {
    title: 'Temporal',
    command: options.binary,
    args: ['server', 'start-dev', ...flags(options, database)],
    environment: serverEnvironment(options.environment),
    logFile: join(options.stateDir, 'logs', 'temporal.log'),
    ready: (_child, signal) => serves(options, signal),
    readyTimeoutMs: 60_000,
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 10_000,
  };
}

/** Not the person's TEMPORAL_* variables, which are for clients and of which the program reads some too. */
function serverEnvironment(environment: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => ['PATH', 'HOME', 'TMPDIR'].includes(name)));
}

/** `synchronous=FULL`: after a power cut the histories are not older than the rows they led to. */
function flags({ port, uiPort, httpPort, namespace }: TemporalOptions, database: string): string[] {
  const once = {
    '--ip': '127.0.0.1',
    '--port': String(port),
    '--ui-port': String(uiPort),
    '--http-port': String(httpPort),
    '--namespace': namespace,
    '--db-filename': database,
    '--log-level': 'error',
  };
  const repeated = [
    ['--sqlite-pragma', 'journal_mode=WAL'],
    ['--sqlite-pragma', 'synchronous=FULL'],
    // Tenants take turns in a queue.
    ['--dynamic-config-value', 'matching.enableFairness=true'],
    ...SEARCH_ATTRIBUTES.map((name) => ['--search-attribute', `${name}=Keyword`]),
  ];
  return [...Object.entries(once), ...repeated].flat();
}

/** Waits until the server answers for its namespace, over HTTP: that spares `start` the loading of a gRPC client. */
async function serves({ httpPort, namespace }: TemporalOptions, signal: AbortSignal): Promise<void> {
  const url = `http://127.0.0.1:${httpPort}/api/v1/namespaces/${encodeURIComponent(namespace)}`;
  while (!(await answers(url, signal))) await sleep(25, undefined, { signal });
}
