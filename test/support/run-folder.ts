import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * One folder for a whole run of the suite (vitest's `globalSetup`). Every test file, and every process one starts,
 * finds it in the environment, and leaves there what the last test looks through. Beside it a folder for the migrated
 * database that test files copy, and one for the compiled code of libraries, which each process would compile anew.
 */
export function setup(): () => void {
  const folders = [
    makeFolder('TEST_RUN_DIR', 'mooring-run-'),
    makeFolder('TEST_TEMPLATE_DIR', 'mooring-template-'),
    makeFolder('NODE_COMPILE_CACHE', 'mooring-compiled-'),
  ];
  return () => folders.forEach((dir) => rmSync(dir, { recursive: true, force: true }));
}

function makeFolder(variable: string, prefix: string): string {
  const dir = mkdtempSync(join(tmpdir(), prefix));
  process.env[variable] = dir;
  return dir;
}
