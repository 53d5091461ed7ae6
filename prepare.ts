// `node prepare.ts`: gets Temporal's two servers, the embedded one and the tests' one, onto this machine. Says
// nothing when they are there.
import { readEnvironment } from './runtime/environment.ts';
import { machineCacheDir } from './embedded/machine-tools.ts';
import { sayTo } from './embedded/steps.ts';
import { temporalBinary } from './embedded/temporal-binary.ts';
import { temporalTestServer } from './embedded/test-server.ts';

const environment = readEnvironment();
const say = sayTo(process.stderr);
const tools = {
  environment,
  cacheDir: machineCacheDir(environment),
  say: (progress: string) => say('Temporal', progress),
};
await temporalBinary(tools);
await temporalTestServer(tools);
