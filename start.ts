// `npm start`: everything on one machine. Starts PostgreSQL, Temporal, the sandbox, server, worker and listener, and
// supervises them until it is stopped.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { readEnvironment } from './runtime/environment.ts';
import { describeRun, sayAddresses } from './embedded/addresses.ts';
import { endLeftovers } from './embedded/leftovers.ts';
import { choosePorts, claimPort, type Ports } from './embedded/ports.ts';
import { preparePostgres } from './embedded/postgres.ts';
import { listenerSpec, type ProgramName, pushAddress, serverSpec, workerSpec } from './embedded/programs.ts';
import { removeRunFile, writeRunFile } from './embedded/run-file.ts';
import { addDemoAccounts } from './embedded/demo-accounts.ts';
import { readSandbox, type SandboxAddresses, sandboxSpec } from './embedded/sandbox.ts';
import { type StartConfig, startConfigFrom } from './embedded/start-config.ts';
import { StartError } from './embedded/start-error.ts';
import { logFile, occupyStateFolder, readApiKey, readLoginPasswords } from './embedded/state-folder.ts';
import { sayTo, step } from './embedded/steps.ts';
import { onStopSignals } from './embedded/stop-signals.ts';
import { createSupervisor } from './embedded/supervisor.ts';
import { temporalBinary } from './embedded/temporal-binary.ts';
import { temporalSpec } from './embedded/temporal.ts';

process.stdout.on('error', () => {}); // the reader is gone; continue without it
const say = sayTo(process.stdout);
const stopping = new AbortController();
const supervisor = createSupervisor(say, () => publish());
let publish = () => {}; // until everything is ready there is nothing to publish
let forget = () => {};

onStopSignals(
  () => void stop(0),
  () => {
    supervisor.kill();
    process.exit(1);
  },
);

try {
  await start(startConfigFrom(readEnvironment()));
} catch (error) {
  if (!stopping.signal.aborted) {
    console.error(isForPeople(error) ? `\n${error.message}\n` : error);
    await stop(1);
  }
}

/** A StartError, or the operating system's refusal of a file; any other error is a bug and shows its stack. */
function isForPeople(error: unknown): error is Error {
  return error instanceof StartError || (error instanceof Error && 'syscall' in error);
}

async function start(given: StartConfig): Promise<void> {
  const began = Date.now();
  const config = { ...given, stateDir: occupyStateFolder(given.stateDir) };
  forget = () => removeRunFile(config.stateDir);
  const left = await endLeftovers(config.stateDir);
  if (left > 0) say('Leftovers', `ended ${left} processes of an earlier start`);
  await claimPort('PORT', config.port, config.bind);
  if (config.sandboxPort) await claimPort('MOORING_SANDBOX_PORT', config.sandboxPort);
  const ports = await choosePorts(config.stateDir, config.sandboxPort);

  const [databaseUrl, temporal, sandbox, database, keys] = await Promise.all([
    startPostgres(config, ports),
    startTemporal(config, ports),
    startSandbox(config, ports),
    loadDatabaseTools(), // the largest import, loaded while the others start
    import('./crypto/keys-file.ts'),
  ]);
  await prepareKeys(config, keys);
  const databaseUrls = await step(say, 'Tables', () => prepareDatabase(config, databaseUrl, database));
  const surroundings = {
    databaseUrl,
    databaseUrls,
    ...temporal,
    sandbox,
    apiKey: config.apiKey ?? readApiKey(config.stateDir),
    uiLoginToken: randomBytes(32).toString('base64url'),
  };
  await Promise.all([
    step(say, 'Server', () => supervisor.start('server', serverSpec(config, surroundings))),
    step(say, 'Worker', () => supervisor.start('worker', workerSpec(config, surroundings))),
    step(say, 'Listener', () => supervisor.start('listener', listenerSpec(config, surroundings))),
  ]);

  const run = describeRun(config, surroundings);
  publish = () => writeRunFile(config.stateDir, { ...run, pids: { start: process.pid, ...supervisor.pids() } });
  publish();
  say('Ready', 'Ctrl-C stops it', Date.now() - began);
  sayAddresses(say, config, run);
}

/** The workers' keys, made at the first start, and the server's copy of them, which has no private key (rule 1). */
async function prepareKeys(
  { vaultKeysFile: workers, serverKeysFile: server }: StartConfig,
  { ensureVaultKeys, writeServerKeys }: typeof import('./crypto/keys-file.ts'),
): Promise<void> {
  try {
    const areNew = await ensureVaultKeys(workers);
    const written = await writeServerKeys({ workers, server });
    if (!areNew && written === 'made')
      say('Keys', `split: the private keys stay in ${workers}, the server has ${server}`);
    if (!areNew && written === 'renewed') say('Keys', `${server} follows ${workers}, without its private keys`);
  } catch (error) {
    throw new StartError(error instanceof Error ? error.message : String(error));
  }
}

async function loadDatabaseTools() {
  const [{ migrateDatabase }, { ensureLogins, loginUrl }, { Secret }] = await Promise.all([
    import('./db/migrate.ts'),
    import('./db/logins.ts'),
    import('./domain/secret.ts'),
  ]);
  return { migrateDatabase, ensureLogins, loginUrl, Secret };
}

/** Tables and rights, and the address each program has the database at: the embedded one gives each its own login. */
async function prepareDatabase(
  config: StartConfig,
  databaseUrl: string,
  { migrateDatabase, ensureLogins, loginUrl, Secret }: Awaited<ReturnType<typeof loadDatabaseTools>>,
): Promise<Record<ProgramName, string>> {
  if (config.databaseUrl) {
    if (!config.databaseOwnerUrl) {
      say('Tables', 'DATABASE_OWNER_URL is not set: the programs use the login that owns the tables');
    }
    await migrateDatabase(config.databaseOwnerUrl ?? databaseUrl).catch((error: Error) => {
      const variable = config.databaseOwnerUrl ? 'DATABASE_OWNER_URL' : 'DATABASE_URL';
      throw new StartError(`The database of ${variable} cannot be used: ${error.message}`);
    });
    return { server: databaseUrl, worker: databaseUrl, listener: databaseUrl };
  }
  await migrateDatabase(databaseUrl);
  const { server, worker, listener } = readLoginPasswords(config.stateDir);
  const passwords = { server: new Secret(server), worker: new Secret(worker), listener: new Secret(listener) };
  await ensureLogins(databaseUrl, passwords);
  return {
    server: loginUrl(databaseUrl, 'server', passwords.server),
    worker: loginUrl(databaseUrl, 'worker', passwords.worker),
    listener: loginUrl(databaseUrl, 'listener', passwords.listener),
  };
}

async function startPostgres(config: StartConfig, ports: Ports): Promise<string> {
  if (config.databaseUrl) return config.databaseUrl;
  return step(say, 'PostgreSQL', async () => {
    const { url, spec } = await preparePostgres({
      dir: join(config.stateDir, 'postgres'),
      port: ports.postgres,
      logFile: logFile(config.stateDir, 'postgres'),
    });
    await supervisor.start('postgres', spec);
    return url;
  });
}

async function startTemporal(
  config: StartConfig,
  ports: Ports,
): Promise<{ temporalAddress: string; temporalUiUrl: string | null }> {
  const { temporalAddress, temporalUiUrl, stateDir, environment, cacheDir } = config;
  if (temporalAddress) return { temporalAddress, temporalUiUrl };
  const progress = (text: string) => say('Temporal', text);
  const binary = await temporalBinary({ environment, cacheDir, say: progress, signal: stopping.signal });
  return step(say, 'Temporal', async () => {
    const { temporal: port, temporal_ui: uiPort, temporal_http: httpPort } = ports;
    const namespace = config.temporalNamespace;
    const spec = temporalSpec({ binary, stateDir, port, uiPort, httpPort, namespace, environment });
    await supervisor.start('temporal', spec);
    return { temporalAddress: `127.0.0.1:${port}`, temporalUiUrl: temporalUiUrl ?? `http://127.0.0.1:${uiPort}` };
  });
}

async function startSandbox(config: StartConfig, ports: Ports): Promise<SandboxAddresses | null> {
  const { sandbox, stateDir, environment } = config;
  if (!sandbox) return null;
  const isNew = readSandbox(stateDir) === null;
  await step(say, 'Sandbox', () =>
    supervisor.start(
      'sandbox',
      sandboxSpec({ stateDir, port: ports.sandbox, pushTo: pushAddress(config), environment }),
    ),
  );
  const addresses = readSandbox(stateDir);
  if (isNew && addresses) await addDemoAccounts(addresses.control);
  if (config.realClients.length > 0 && config.egressAllow === null) {
    const clients = config.realClients.join(' and ');
    say(
      'Sandbox',
      `beside ${clients}: IMAP servers and webhooks on this machine need MOORING_EGRESS_ALLOW=127.0.0.0/8`,
    );
  }
  return addresses;
}

/** In order: the processes that talk to the world, then the worker, then what they depend on. */
async function stop(exitCode: number): Promise<void> {
  if (stopping.signal.aborted) return;
  stopping.abort();
  const began = Date.now();
  supervisor.close();
  await supervisor.stop('server', 'listener');
  const waiting = setTimeout(() => say('Worker', 'finishing its current work; Ctrl-C ends it now'), 3_000);
  await supervisor.stop('worker');
  clearTimeout(waiting);
  await supervisor.stop('sandbox');
  await supervisor.stop('temporal', 'postgres');
  forget();
  if (exitCode === 0) say('Stopped', 'everything', Date.now() - began);
  process.exit(exitCode);
}
