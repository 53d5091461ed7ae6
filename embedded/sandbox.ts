import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessSpec } from './process.ts';

/** What the sandbox says of itself, in `sandbox.json` of its folder, once it is ready. */
export interface SandboxAddresses {
  pid: number;
  control: string;
  page: string;
  /** The variables that put a simulated provider in the place of the real one, by provider. */
  environment: Record<string, Record<string, string>>;
  /** Who signed its servers' certificates, PEM files. */
  authorities: string[];
  run: SandboxServers;
}

/** Servers that people and scripts name themselves, as `run.json` tells of them. */
export interface SandboxServers {
  imap?: { host: string; port: number; security: string; ca_file: string; smtp_port: number };
  imap_oauth?: Record<string, { host: string; port: number; smtp_port: number }>;
  exchange?: { url: string };
}

/** How to run the simulated providers, their accounts in the state folder. */
export function sandboxSpec(options: {
  stateDir: string;
  port: number;
  /** Where its providers push news to. */
  pushTo: string;
  environment: Record<string, string>;
}): ProcessSpec {
  const dir = join(options.stateDir, 'sandbox');
  const main = join(import.meta.dirname, '..', 'sandbox', 'main.ts');
  return {
    title: 'Sandbox',
    command: process.execPath,
    args: [main, '--dir', dir, '--port', String(options.port), '--push-to', options.pushTo],
    environment: options.environment,
    logFile: join(options.stateDir, 'logs', 'sandbox.log'),
    async ready(child, signal) {
      while (readSandbox(options.stateDir)?.pid !== child.pid) await sleep(25, undefined, { signal });
    },
    readyTimeoutMs: 30_000,
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 5_000,
  };
}

/** `null` before its first start. */
export function readSandbox(stateDir: string): SandboxAddresses | null {
  try {
    return JSON.parse(readFileSync(join(stateDir, 'sandbox', 'sandbox.json'), 'utf8')) as SandboxAddresses;
  } catch {
    return null;
  }
}

/** The simulated providers in place of the real ones, where the person gave no client of their own. */
export function providerEnvironment(
  { environment }: SandboxAddresses,
  given: Record<string, string>,
): Record<string, string> {
  const isTheirs = (name: string) => name.endsWith('_CLIENT_ID') && Boolean(given[name]);
  const simulated = Object.values(environment).filter((variables) => !Object.keys(variables).some(isTheirs));
  return Object.assign({}, ...simulated) as Record<string, string>;
}
