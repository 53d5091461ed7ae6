import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { answers } from './ports.ts';
import type { ProcessSpec } from './process.ts';
import { providerEnvironment, type SandboxAddresses } from './sandbox.ts';
import { keepsMail } from './start-config.ts';
import type { StartConfig } from './start-config.ts';

const CHECKOUT = join(import.meta.dirname, '..');

/** What `start` made or found out, and its programs have to be told. */
export interface Surroundings {
  /** For tools: the embedded cluster's administrator, or the database that was given. */
  databaseUrl: string;
  /** Each program's own login. */
  databaseUrls: Record<ProgramName, string>;
  temporalAddress: string;
  temporalUiUrl: string | null;
  apiKey: string;
  uiLoginToken: string;
  sandbox: SandboxAddresses | null;
}

export type ProgramName = 'server' | 'worker' | 'listener';

/** The environment of a program: the person's own, and over it what was found out. */
export function programEnvironment(
  program: ProgramName,
  config: StartConfig,
  found: Surroundings,
): Record<string, string> {
  return {
    ...config.environment,
    PORT: String(config.port),
    MOORING_BIND: config.bind,
    MOORING_PUBLIC_URL: config.publicUrl,
    MOORING_STATE_DIR: config.stateDir,
    MOORING_VAULT_KEYS_FILE: program === 'server' ? config.serverKeysFile : config.vaultKeysFile,
    MOORING_API_KEY: found.apiKey,
    MOORING_UI_LOGIN_TOKEN: found.uiLoginToken,
    DATABASE_URL: found.databaseUrls[program],
    DATABASE_OWNER_URL: '', // migrates, and is no program's
    TEMPORAL_ADDRESS: found.temporalAddress,
    TEMPORAL_NAMESPACE: config.temporalNamespace,
    ...(found.temporalUiUrl ? { TEMPORAL_UI_URL: found.temporalUiUrl } : {}),
    ...mailEnvironment(program, config),
    ...(found.sandbox ? sandboxEnvironment(config, found.sandbox) : { MOORING_SANDBOX: 'off' }),
  };
}

/** The worker alone sends mail. Without a mail server the embedded default keeps it, and the server shows it. */
function mailEnvironment(program: ProgramName, config: StartConfig): Record<string, string> {
  return {
    ...(program === 'worker' ? {} : { SMTP_URL: '' }),
    MOORING_OUTBOX: keepsMail(config) ? 'on' : 'off',
  };
}

/** Where the sandbox's own servers are. */
const LOOPBACK_RANGES = '127.0.0.0/8,::1/128';

function sandboxEnvironment(config: StartConfig, sandbox: SandboxAddresses): Record<string, string> {
  const caFile = authorities(config, sandbox);
  return {
    MOORING_SANDBOX: 'on',
    MOORING_SANDBOX_PAGE: sandbox.page,
    MOORING_SANDBOX_ALONE: config.realClients.length > 0 ? 'off' : 'on',
    MOORING_EGRESS_ALLOW: config.egressAllow ?? (config.realClients.length > 0 ? '' : LOOPBACK_RANGES),
    ...(caFile ? { MOORING_CA_FILE: caFile } : {}),
    ...providerEnvironment(sandbox, config.environment),
  };
}

/** The sandbox's certificate authorities beside the person's own. */
function authorities({ caFile, stateDir }: StartConfig, sandbox: SandboxAddresses): string | null {
  const files = [...(caFile ? [caFile] : []), ...sandbox.authorities];
  if (files.length <= 1) return files[0] ?? null;
  const all = join(stateDir, 'authorities.pem');
  writeFileSync(all, files.map((file) => readFileSync(file, 'utf8')).join('\n'));
  return all;
}

/** Where the server is reached from this machine. */
function localAddress({ port, bind }: StartConfig): string {
  const host = bind === '0.0.0.0' ? '127.0.0.1' : bind === '::' ? '[::1]' : bind;
  return `http://${host}:${port}`;
}

/** Where the sandbox's providers push news to, each under its own name. */
export const pushAddress = (config: StartConfig) => `${localAddress(config)}/push`;

const TITLES: Record<ProgramName, string> = { server: 'Server', worker: 'Worker', listener: 'Listener' };

/** `server.ts`: stateless, answers once its port is open and the database is reached. */
export function serverSpec(config: StartConfig, found: Surroundings): ProcessSpec {
  return {
    ...program('server', config, found),
    async ready(child, signal) {
      await saysReady(child, signal);
      while (!(await answers(`${localAddress(config)}/readyz`, signal))) await sleep(50, undefined, { signal });
    },
    readyTimeoutMs: 60_000,
    stopTimeoutMs: 10_000,
  };
}

/**
 * `worker.ts`: may take its time to finish what it has in hand. Killed with a token request on the wire it can cost
 * a sign-in; a platform that stops us kills us after a minute anyway.
 */
export function workerSpec(config: StartConfig, found: Surroundings): ProcessSpec {
  return {
    ...program('worker', config, found),
    ready: saysReady,
    readyTimeoutMs: 90_000,
    stopTimeoutMs: 50_000,
  };
}

/** `listener.ts`: holds connections, and nothing that its end could cost. */
export function listenerSpec(config: StartConfig, found: Surroundings): ProcessSpec {
  return {
    ...program('listener', config, found),
    ready: saysReady,
    readyTimeoutMs: 60_000,
    stopTimeoutMs: 10_000,
  };
}

function program(name: ProgramName, config: StartConfig, found: Surroundings) {
  const { stateDir } = config;
  return {
    title: TITLES[name],
    command: process.execPath,
    args: [join(CHECKOUT, `${name}.ts`), '--state-dir', stateDir],
    workingDirectory: CHECKOUT,
    environment: programEnvironment(name, config, found),
    logFile: join(stateDir, 'logs', `${name}.log`),
    ipc: true,
    stopSignal: 'SIGTERM',
  } as const;
}

async function saysReady(child: ChildProcess, signal: AbortSignal): Promise<void> {
  for (let message: unknown = null; message !== 'ready';) [message] = await once(child, 'message', { signal });
}
