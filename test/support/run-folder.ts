import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * One folder for a whole run of the suite (vitest's `globalSetup`). Every test file, and every process one starts,
 * finds it in the environment, and leaves there what the last test looks through.
 */
export function setup(): () => void {
  const dir = mkdtempSync(join(tmpdir(), 'mooring-run-'));
  process.env['TEST_RUN_DIR'] = dir;
  return () => rmSync(dir, { recursive: true, force: true });
}
