import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../runtime/config.ts';
import { createContext } from '../../runtime/context.ts';
import type { Context } from '../../runtime/context.ts';
import { ensureVaultKeys, writeServerKeys } from '../../crypto/keys-file.ts';
import { connectDatabase } from '../../db/client.ts';
import type { Program } from '../../db/roles.ts';
import { createProviders } from '../../providers/registry.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import type { Temporal } from '../../runtime/temporal.ts';
import { keepRows, keepWrites } from './kept-database.ts';
import { makeLogins, rememberPrograms } from './logins.ts';
import { keptLogger } from './kept-log.ts';
import { learnSecretsIn } from './kept-secrets.ts';
import { startMigratedPostgres } from './migrated-postgres.ts';
import { sandboxControl } from './sandbox-control.ts';

/** What a test asks of Temporal when the workflow is not its subject: nothing happens, and what was told is kept. */
function silentTemporal(): Temporal & { told: string[] } {
  const told: string[] = [];
  return {
    told,
    client: null as never,
    lookAt: async ({ id }) => void told.push(id),
    command: async () => null,
    startDelivery: async () => true,
    wakeRecipient: async () => {},
    send: async () => false,
    workflowUrl: () => null,
    close: async () => {},
  };
}

/**
 * Everything real but Temporal, for one test file: a PostgreSQL of its own, migrated; the sandbox's servers; a vault;
 * the adapters. `close` leaves nothing behind but what the last test looks through.
 */
export async function raiseStage({
  given = {},
  variables = {},
}: { given?: Partial<Context>; variables?: Record<string, string> } = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'mooring-test-'));
  const postgres = await startMigratedPostgres(join(dir, 'postgres'));
  const logins = await makeLogins(postgres.url);
  const sandbox = await startSandbox({ dir: join(dir, 'sandbox'), port: 0 });
  const keysFile = join(dir, 'keys.json');
  const serverKeysFile = join(dir, 'server-keys.json');
  await ensureVaultKeys(keysFile);
  await writeServerKeys({ workers: keysFile, server: serverKeysFile });
  const environment = { ...stageEnvironment(sandbox.addresses, logins.worker, keysFile), ...variables };
  const config = readConfig(environment);
  const connect = (program: Program) => connectDatabase({ url: logins[program], poolSize: 12, program });
  const databases = { server: connect('server'), worker: connect('worker'), listener: connect('listener') };
  rememberPrograms(databases);
  const context = await createContext('worker', config, {
    logger: keptLogger('test'),
    temporal: silentTemporal(),
    database: databases.worker,
    ...given,
  });
  return {
    dir,
    /** For a worker as a process of its own. */
    environment,
    /** For a listener as a process of its own. */
    listenerEnvironment: { ...environment, DATABASE_URL: logins.listener },
    /** For a server as a process of its own. */
    serverEnvironment: { ...environment, DATABASE_URL: logins.server, MOORING_VAULT_KEYS_FILE: serverKeysFile },
    /** A worker's; `startApi` and `databaseAs` give what they start its own login. */
    context,
    sandbox: sandboxControl(sandbox.addresses.control),
    imap: sandbox.addresses.imap as {
      host: string;
      port: number;
      security: 'tls' | 'starttls';
      ca_file: string;
      smtp_port: number;
    },
    /** Of Exchange Web Services. */
    exchangeUrl: String(sandbox.addresses.exchange['url']),
    /** The administrator's. */
    databaseUrl: postgres.url,
    async close() {
      await context.close();
      await Promise.all([databases.server.close(), databases.listener.close()]);
      await sandbox.close();
      await keepRows(postgres.url);
      await postgres.stop();
      keepWrites(join(dir, 'postgres'));
      learnSecretsIn(dir, ['postgres']);
      await rm(dir, { recursive: true, force: true });
    },
  };
}
/** The stage for an IMAP server that is not the sandbox's: its authority is trusted, its address is where logins go. */
export async function stageTrusting(
  { caFile, host, port }: { caFile: string; host: string; port: number },
  security: 'tls' | 'starttls' = 'starttls',
) {
  const stage = await raiseStage();
  const certificateAuthorities = readFileSync(caFile, 'utf8');
  const providers = createProviders({ ...stage.context.config.providers, certificateAuthorities });
  return { ...stage, context: { ...stage.context, providers }, imap: { ...stage.imap, host, port, security } };
}

export type Stage = Awaited<ReturnType<typeof raiseStage>>;

function stageEnvironment(
  { environment, authorities }: Awaited<ReturnType<typeof startSandbox>>['addresses'],
  databaseUrl: string,
  keysFile: string,
): Record<string, string> {
  return {
    ...Object.assign({}, ...Object.values(environment)),
    LOG_LEVEL: 'error',
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: '127.0.0.1:1',
    MOORING_VAULT_KEYS_FILE: keysFile,
    MOORING_SANDBOX: 'on',
    MOORING_EGRESS_ALLOW: '127.0.0.0/8',
    MOORING_CA_FILE: authorities[0] ?? '',
  };
}
