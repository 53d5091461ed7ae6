import { chmodSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { buildOnce } from './machine-cache.ts';
import { findProgram, isExecutable, type MachineTools } from './machine-tools.ts';
import { runProgram } from './run-program.ts';
import { StartError } from './start-error.ts';
import { downloadTemporal } from './temporal-download.ts';

/** Server 1.31.2, Web UI 2.50.1; `temporal-cli/go.mod` pins the same. */
export const TEMPORAL_CLI = '1.8.2';
const GO_MODULE = join(import.meta.dirname, 'temporal-cli');

/**
 * The Temporal CLI, whose `server start-dev` is the embedded server: given, installed, cached, downloaded as the
 * SDK does it, or built from source once per machine. Throws a `StartError` that lists these.
 */
export async function temporalBinary(tools: MachineTools): Promise<string> {
  const given = tools.environment['TEMPORAL_CLI_PATH'];
  if (given && isExecutable(given)) return given;
  if (given) throw new StartError(`TEMPORAL_CLI_PATH must be an executable file; it is "${given}".`);
  const installed = findProgram('temporal', tools);
  if (installed) return installed;
  const problems: string[] = [];
  const folder = await buildOnce(tools.cacheDir, `temporal-${TEMPORAL_CLI}`, async (part) => {
    for (const make of [download, build]) {
      try {
        return await make(part, tools);
      } catch (error) {
        tools.signal?.throwIfAborted();
        problems.push(error instanceof Error ? error.message : String(error));
      }
    }
    throw new StartError(howToGetIt(tools.cacheDir, problems));
  });
  return join(folder, 'temporal');
}

async function download(part: string, { say }: MachineTools): Promise<void> {
  say('downloading from the SDK’s server');
  await downloadTemporal(part, TEMPORAL_CLI);
  chmodSync(join(part, 'temporal'), 0o755);
}

/** Two minutes on two cores with nothing cached. `go.sum` fixes every module. */
async function build(part: string, { environment, say, signal }: MachineTools): Promise<void> {
  const go = findProgram('go', { environment }) ?? ['/usr/local/go/bin/go', '/opt/homebrew/bin/go'].find(isExecutable);
  if (!go) throw new Error('there is no Go toolchain (`go` on the PATH)');
  await cp(GO_MODULE, part, { recursive: true });
  const began = Date.now();
  say('building with Go, once per machine; takes about two minutes');
  const ticking = setInterval(() => say(`building with Go, ${Math.round((Date.now() - began) / 1000)} s`), 15_000);
  try {
    const args = ['build', '-ldflags=-s -w', '-o', 'temporal', 'github.com/temporalio/cli/cmd/temporal'];
    await runProgram(go, args, {
      cwd: part,
      signal,
      environment: { ...environment, GOFLAGS: '-mod=readonly -buildvcs=false' },
    });
  } finally {
    clearInterval(ticking);
  }
}

function howToGetIt(cacheDir: string, problems: string[]): string {
  return [
    'No Temporal server was found. Provide one of these:',
    '  1. TEMPORAL_ADDRESS: the address of a running Temporal server',
    '  2. TEMPORAL_CLI_PATH: the path of the `temporal` program',
    '  3. `temporal` on the PATH (https://docs.temporal.io/cli)',
    `  4. the program at ${join(cacheDir, `temporal-${TEMPORAL_CLI}`, 'temporal')}`,
    `  5. internet access to temporal.download: ${problems[0]}`,
    `  6. a Go toolchain (https://go.dev/dl), to build it here: ${problems[1]}`,
  ].join('\n');
}
