import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SandboxAddresses, SandboxServers } from './sandbox.ts';

/** What `run.json` tells about a running Mooring. */
export interface Run {
  api: string;
  ui: string;
  ui_login: string;
  api_key: string;
  temporal: string;
  temporal_ui: string | null;
  database_url: string;
  pids: Record<string, number>;
  sandbox?: Pick<SandboxAddresses, 'control' | 'page'> & SandboxServers;
}

/** Whole or not at all, also for who reads it this instant. It holds the API key, so it is the owner's alone. */
export function writeRunFile(stateDir: string, run: Run): void {
  const file = runFile(stateDir);
  writeFileSync(`${file}.part`, `${JSON.stringify(run, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.part`, file);
}

export function readRunFile(stateDir: string): Run | null {
  try {
    return JSON.parse(readFileSync(runFile(stateDir), 'utf8')) as Run;
  } catch {
    return null;
  }
}

export function removeRunFile(stateDir: string): void {
  rmSync(runFile(stateDir), { force: true });
}

function runFile(stateDir: string): string {
  return join(stateDir, 'run.json');
}
