import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** What is needed to find, fetch or build a program once per machine. */
export interface MachineTools {
  /** For TEMPORAL_CLI_PATH, PATH, and what Go reads. */
  environment: Record<string, string>;
  /** Absolute, outside the checkout. */
  cacheDir: string;
  /** Told what takes long, a few words at a time. */
  say: (progress: string) => void;
  /** Ends a build under way. */
  signal?: AbortSignal;
}

/** Where what is built or downloaded once per machine is kept, outside every checkout. */
export function machineCacheDir(environment: Record<string, string | undefined>): string {
  return join(environment['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'mooring');
}

/** The path of a program, as the shell would find it. */
export function findProgram(name: string, { environment }: Pick<MachineTools, 'environment'>): string | null {
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
