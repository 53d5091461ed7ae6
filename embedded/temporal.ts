import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { accepts } from './ports.ts';
import type { ProcessSpec } from './process.ts';

export interface TemporalOptions {
  binary: string;
  /** Absolute. */
  stateDir: string;
  port: number;
  uiPort: number;
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
    ready: (_child, signal) => serves(options.port, options.namespace, signal),
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
function flags({ port, uiPort, namespace }: TemporalOptions, database: string): string[] {
  const once = {
    '--ip': '127.0.0.1',
    '--port': String(port),
    '--ui-port': String(uiPort),
    '--namespace': namespace,
    '--db-filename': database,
    '--log-level': 'error',
  };
  const repeated = [
    ['--sqlite-pragma', 'journal_mode=WAL'],
    ['--sqlite-pragma', 'synchronous=FULL'],
    ...SEARCH_ATTRIBUTES.map((name) => ['--search-attribute', `${name}=Keyword`]),
  ];
  return [...Object.entries(once), ...repeated].flat();
}

/** Waits until the server answers for its namespace. */
async function serves(port: number, namespace: string, signal: AbortSignal): Promise<void> {
  while (!(await accepts(port))) await sleep(25, undefined, { signal }); // gRPC waits a second after a refusal
  const connection = await Connection.connect({ address: `127.0.0.1:${port}` });
  try {
    await connection.workflowService.describeNamespace({ namespace });
  } finally {
    await connection.close();
  }
}
