import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EphemeralServerExecutable } from '@temporalio/testing';
import { buildOnce } from './machine-cache.ts';
import { findProgram, type MachineTools } from './machine-tools.ts';
import { runProgram } from './run-program.ts';

/** As in `test-server/pom.xml`. */
const TEST_SERVER = '1.38.0';

/**
 * Temporal's time-skipping server for tests, as the `executable` of `TestWorkflowEnvironment.createTimeSkipping`:
 * TEMPORAL_TEST_SERVER_PATH, one made from Maven's jars once per machine where Java and Maven are present, else the
 * SDK's own download.
 */
export async function temporalTestServer(tools: MachineTools): Promise<EphemeralServerExecutable> {
  const given = tools.environment['TEMPORAL_TEST_SERVER_PATH'];
  if (given) return { type: 'existing-path', path: given };
  const [maven, java] = [findProgram('mvn', tools), findProgram('java', tools)];
  if (!maven || !java) return { type: 'cached-download' };
  const folder = await buildOnce(tools.cacheDir, `temporal-test-server-${TEST_SERVER}`, async (part) => {
    tools.say('fetching the time-skipping server’s jars with Maven, once per machine');
    await collectJars(part, maven, tools);
    const launcher = join(part, 'temporal-test-server');
    writeFileSync(launcher, LAUNCHER);
    chmodSync(launcher, 0o755);
  });
  return { type: 'existing-path', path: join(folder, 'temporal-test-server') };
}

async function collectJars(part: string, maven: string, { environment, signal }: MachineTools): Promise<void> {
  const pom = join(import.meta.dirname, 'test-server', 'pom.xml');
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
  const args = ['-q', '-B', '-f', pom, goal, `-DoutputDirectory=${join(part, 'jars')}`, '-DincludeScope=runtime'];
  await runProgram(maven, args, { environment, signal });
}

/** The SDK waits 5 s for it to listen; started like this it takes half a second. */
const LAUNCHER = `#!/bin/sh
exec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto -cp "$(dirname "$0")/jars/*" io.temporal.testserver.TestServer "$@"
`;
