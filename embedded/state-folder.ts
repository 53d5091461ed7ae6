import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProgramName } from './programs.ts';
import { lockFolder } from './folder-lock.ts';
import { rotateLog } from './log-file.ts';
import { readRunFile } from './run-file.ts';
import { StartError } from './start-error.ts';

const LOGS = ['postgres', 'temporal', 'sandbox', 'server', 'worker', 'listener'];

/** Makes the state folder, ours alone as long as this process lives; returns its real path. */
export function occupyStateFolder(stateDir: string): string {
  mkdirSync(join(stateDir, 'logs'), { recursive: true, mode: 0o700 });
  const dir = realpathSync(stateDir);
  if (!lockFolder(dir)) {
    const other = readRunFile(dir)?.pids['start'];
    throw new StartError(
      `Another Mooring${other ? ` (process ${other})` : ''} is running in ${dir}. Stop it, or set MOORING_STATE_DIR to another folder and PORT to another port.`,
    );
  }
  for (const name of LOGS) rotateLog(logFile(dir, name));
  return dir;
}

export function logFile(stateDir: string, name: string): string {
  return join(stateDir, 'logs', `${name}.log`);
}

/** The file with the first API key, made if it is missing. */
export function apiKeyFile(stateDir: string): string {
  const file = join(stateDir, 'api-key');
  if (!existsSync(file)) writeFileSync(file, `mk_${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 });
  return file;
}

/** The passwords of the programs' logins at the embedded PostgreSQL, made if they are missing. */
export function readLoginPasswords(stateDir: string): Record<ProgramName, string> {
  const file = join(stateDir, 'postgres-logins.json');
  if (!existsSync(file)) {
    const made = { server: newPassword(), worker: newPassword(), listener: newPassword() };
    writeFileSync(file, JSON.stringify(made, null, 2), { mode: 0o600 });
  }
  return JSON.parse(readFileSync(file, 'utf8')) as Record<ProgramName, string>;
}

const newPassword = () => randomBytes(32).toString('base64url');

export function readApiKey(stateDir: string): string {
  return readFileSync(apiKeyFile(stateDir), 'utf8').trim();
}
