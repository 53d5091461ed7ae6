import { readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { machineCacheDir } from './machine-tools.ts';
import { StartError } from './start-error.ts';

/** What `npm start` was asked for; everything absent is embedded or picked. */
export interface StartConfig {
  /** `.env` and the real environment as one; children inherit it beneath what `start` sets. */
  environment: Record<string, string>;
  port: number;
  bind: string;
  publicUrl: string;
  /** Absolute. */
  stateDir: string;
  /** Absolute, outside the checkout: what is built or downloaded once per machine. */
  cacheDir: string;
  apiKey: string | null;
  sandbox: boolean;
  /** The variables that name a client of the person's own at a real provider: they end the sandbox's concessions. */
  realClients: string[];
  sandboxPort: number | null;
  databaseUrl: string | null;
  /** Who owns and migrates the tables of `databaseUrl`; null: `databaseUrl` itself. */
  databaseOwnerUrl: string | null;
  temporalAddress: string | null;
  temporalNamespace: string;
  temporalUiUrl: string | null;
  egressAllow: string | null;
  caFile: string | null;
  /** The keys of worker and listener. */
  vaultKeysFile: string;
  /** The same without the private keys: the server's. */
  serverKeysFile: string;
}

/** Reads the variables of `npm start` out of `environment`. Throws a `StartError` that names the variable. */
export function startConfigFrom(environment: Record<string, string>): StartConfig {
  const given = (name: string): string | null => environment[name]?.trim() || null;
  const port = portOf(environment, 'PORT') ?? 3000;
  const stateDir = resolve(given('MOORING_STATE_DIR') ?? '.mooring');
  const databaseUrl = given('DATABASE_URL');
  const databaseOwnerUrl = given('DATABASE_OWNER_URL');
  if (databaseOwnerUrl && !databaseUrl) {
    throw new StartError('DATABASE_OWNER_URL needs DATABASE_URL, the login of the programs at the same database.');
  }
  const temporalAddress = given('TEMPORAL_ADDRESS');
  const bind = given('MOORING_BIND') ?? '127.0.0.1';
  const publicUrl = (given('MOORING_PUBLIC_URL') ?? `http://127.0.0.1:${port}`).replace(/\/$/, '');
  const ofFiles = clientsOfFiles(given('MOORING_PROVIDERS_DIR') ?? SHIPPED_FILES);
  const realClients = [...REAL_CLIENTS, ...ofFiles].filter((name) => given(name) !== null);
  if (realClients.length > 0) requireSafeAddress(realClients, bind, publicUrl);
  return {
    environment,
    port,
    bind,
    publicUrl,
    stateDir,
    cacheDir: machineCacheDir(environment),
    apiKey: given('MOORING_API_KEY'),
    sandbox: sandboxOf(given('MOORING_SANDBOX'), databaseUrl === null && temporalAddress === null),
    realClients,
    sandboxPort: portOf(environment, 'MOORING_SANDBOX_PORT'),
    databaseUrl,
    databaseOwnerUrl,
    temporalAddress,
    temporalNamespace: given('TEMPORAL_NAMESPACE') ?? 'default',
    temporalUiUrl: given('TEMPORAL_UI_URL'),
    egressAllow: given('MOORING_EGRESS_ALLOW'),
    caFile: given('MOORING_CA_FILE'),
    vaultKeysFile: resolve(given('MOORING_VAULT_KEYS_FILE') ?? join(stateDir, 'vault-keys.json')),
    serverKeysFile: join(stateDir, 'server-keys.json'),
  };
}

/** Everything is embedded, and no mail server is named. */
export function keepsMail({ environment, databaseUrl, temporalAddress }: StartConfig): boolean {
  return databaseUrl === null && temporalAddress === null && !environment['SMTP_URL']?.trim();
}

const REAL_CLIENTS = ['GOOGLE_CLIENT_ID', 'MICROSOFT_CLIENT_ID', 'SALESFORCE_CLIENT_ID'];
const SHIPPED_FILES = join(import.meta.dirname, '../providers/custom');

/** The clients of the providers that files describe; of a folder that cannot be read none, and the server says so. */
function clientsOfFiles(folder: string): string[] {
  try {
    const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
    return files.map((name) => `${basename(name, '.yaml').toUpperCase().replaceAll('-', '_')}_CLIENT_ID`);
  } catch {
    return [];
  }
}

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|localhost|::1|\[::1\])$/;

/** Codes and cookies of real accounts cross no network in the clear. */
function requireSafeAddress(realClients: string[], bind: string, publicUrl: string): void {
  if (!URL.canParse(publicUrl)) return; // the server names the variable
  const { protocol, hostname } = new URL(publicUrl);
  if (protocol === 'https:' || (LOOPBACK.test(bind) && LOOPBACK.test(hostname))) return;
  throw new StartError(
    `With ${realClients.join(' and ')} Mooring serves real accounts: set MOORING_PUBLIC_URL to an https: address, or leave MOORING_BIND and MOORING_PUBLIC_URL on this machine.`,
  );
}

function portOf(environment: Record<string, string>, name: string): number | null {
  const text = environment[name]?.trim();
  if (!text) return null;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new StartError(`${name} must be a port from 1 to 65535; it is "${text}".`);
}

function sandboxOf(given: string | null, embedded: boolean): boolean {
  if (given === null) return embedded;
  if (given === 'on' || given === 'off') return given === 'on';
  throw new StartError(`MOORING_SANDBOX must be "on" or "off"; it is "${given}".`);
}
