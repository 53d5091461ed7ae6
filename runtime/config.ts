import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { KILL_POINTS } from '../domain/kill-points.ts';
import type { KillPoint } from '../domain/kill-points.ts';
import { Secret } from '../domain/secret.ts';
import { GMAIL_UNITS_PER_MINUTE, GOOGLE_URLS } from '../providers/configuration.ts';
import type { GoogleConfig, GooglePushConfig, ProviderConfig } from '../providers/configuration.ts';

/** What server and worker were configured with. The only reader of the environment. */
export interface Config {
  logLevel: string;
  port: number;
  bind: string;
  publicUrl: string;
  /** Where the built web UI lies. */
  uiDir: string;
  databaseUrl: string;
  temporal: TemporalConfig;
  vaultKeysFile: string;
  firstApiKey: Secret | null;
  uiLoginToken: Secret | null;
  /** The simulated providers run beside us: their page is linked, and mailboxes are polled at their short pace. */
  sandbox: { page: string } | null;
  providers: ProviderConfig;
  /** How long a channel waits between two polls, in ms. */
  pollIntervalMs: number;
  /** How long between two comparisons of what routine brought with the provider's own list, in ms. */
  auditIntervalMs: number;
  /** How many connections one listener holds at most. */
  listenerConnections: number;
  /** Where this process kills itself, for tests that are about just that; null but in them. */
  killAt: KillPoint | null;
}

export interface TemporalConfig {
  address: string;
  namespace: string;
  uiUrl: string | null;
  apiKey: Secret | null;
  tls: { serverCa: Buffer | null; clientCertificate: Buffer | null; clientKey: Buffer | null } | null;
}

const port = z.coerce.number().int().min(1).max(65_535);
const variables = z.object({
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
  PORT: port.default(3000),
  MOORING_BIND: z.string().default('127.0.0.1'),
  MOORING_PUBLIC_URL: z.url().optional(),
  // Judged here: who parses it later would print it, password and all.
  DATABASE_URL: z.string().refine(isDatabaseUrl, 'expected postgres://user:password@host:port/database'),
  TEMPORAL_ADDRESS: z.string().min(1),
  TEMPORAL_NAMESPACE: z.string().default('default'),
  TEMPORAL_UI_URL: z.url().optional(),
  TEMPORAL_API_KEY: z.string().optional(),
  TEMPORAL_TLS_CA_FILE: z.string().optional(),
  TEMPORAL_TLS_CERT_FILE: z.string().optional(),
  TEMPORAL_TLS_KEY_FILE: z.string().optional(),
  MOORING_VAULT_KEYS_FILE: z.string().min(1),
  MOORING_API_KEY: z.string().min(8).optional(),
  MOORING_UI_LOGIN_TOKEN: z.string().min(16).optional(),
  MOORING_SANDBOX: z.enum(['on', 'off']).default('off'),
  MOORING_SANDBOX_PAGE: z.url().optional(),
  MOORING_EGRESS_ALLOW: z.string().default(''),
  MOORING_CA_FILE: z.string().optional(),
  MOORING_KILL_AT: z.enum(KILL_POINTS).optional(),
  MOORING_POLL_SECONDS: z.coerce.number().min(1).optional(),
  MOORING_LISTENER_CONNECTIONS: z.coerce.number().int().min(1).default(1000),
  GOOGLE_CLIENT_ID: z.string().optional(),
  GOOGLE_CLIENT_SECRET: z.string().optional(),
  GOOGLE_CLIENT_SECRET_FILE: z.string().optional(),
  GOOGLE_AUTHORIZATION_URL: z.url().default(GOOGLE_URLS.authorizationUrl),
  GOOGLE_TOKEN_URL: z.url().default(GOOGLE_URLS.tokenUrl),
  GOOGLE_REVOCATION_URL: z.url().default(GOOGLE_URLS.revocationUrl),
  GOOGLE_USERINFO_URL: z.url().default(GOOGLE_URLS.userinfoUrl),
  GMAIL_API_URL: z.url().default(GOOGLE_URLS.gmailApiUrl),
  GOOGLE_JWKS_URL: z.url().default(GOOGLE_URLS.keysUrl),
  GOOGLE_PUBSUB_TOPIC: z
    .string()
    .regex(/^projects\/[^/\s]+\/topics\/[^/\s]+$/, 'expected projects/PROJECT/topics/TOPIC')
    .optional(),
  GOOGLE_PUBSUB_AUDIENCE: z.string().min(1).optional(),
  GOOGLE_PUBSUB_SERVICE_ACCOUNT: z.email().optional(),
});
type Variables = z.infer<typeof variables>;

function isDatabaseUrl(text: string): boolean {
  return /^postgres(ql)?:\/\//.test(text) && URL.canParse(text);
}

/** A variable is missing or wrong; the message names the variable and what was expected, never its value. */
class ConfigError extends Error {}

/** `.env` under the real environment, which wins; empty values count as absent. */
export function readEnvironment(): Record<string, string> {
  const merged = { ...readDotEnv(), ...process.env };
  return Object.fromEntries(Object.entries(merged).filter((entry): entry is [string, string] => Boolean(entry[1])));
}

function readDotEnv(): Record<string, string | undefined> {
  try {
    return parseEnv(readFileSync('.env', 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

/** Under a day, so that what is missed is found within one. */
const AUDIT_INTERVAL_MS = 23 * 3_600_000;

/** Throws `ConfigError` with one line per variable that is missing or wrong. */
export function readConfig(environment: Record<string, string> = readEnvironment()): Config {
  const parsed = variables.safeParse(environment);
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map((issue) => `${issue.path.join('..')}: ${issue.message}`).join('\n'));
  }
  const given = parsed.data;
  const publicUrl = (given.MOORING_PUBLIC_URL ?? `http://127.0.0.1:${given.PORT}`).replace(/\/$/, '');
  return {
    logLevel: given.LOG_LEVEL,
    port: given.PORT,
    bind: given.MOORING_BIND,
    publicUrl,
    uiDir: resolve(import.meta.dirname, '../dist/ui'),
    databaseUrl: given.DATABASE_URL,
    temporal: temporalConfig(given),
    vaultKeysFile: given.MOORING_VAULT_KEYS_FILE,
    firstApiKey: given.MOORING_API_KEY ? new Secret(given.MOORING_API_KEY) : null,
    uiLoginToken: given.MOORING_UI_LOGIN_TOKEN ? new Secret(given.MOORING_UI_LOGIN_TOKEN) : null,
    sandbox: given.MOORING_SANDBOX === 'on' ? { page: given.MOORING_SANDBOX_PAGE ?? '' } : null,
    providers: {
      google: googleConfig(given, publicUrl),
      imap: { timeoutMs: null },
      egress: { allow: given.MOORING_EGRESS_ALLOW.split(',').flatMap((entry) => entry.trim() || []) },
      certificateAuthorities: fileOf(given, 'MOORING_CA_FILE')?.toString() ?? null,
    },
    // Beside the sandbox only: no real mailbox hangs on a process that was asked to die.
    killAt: (given.MOORING_SANDBOX === 'on' ? given.MOORING_KILL_AT : null) ?? null,
    auditIntervalMs: AUDIT_INTERVAL_MS,
    pollIntervalMs: 1000 * (given.MOORING_POLL_SECONDS ?? (given.MOORING_SANDBOX === 'on' ? 5 : 60)),
    listenerConnections: given.MOORING_LISTENER_CONNECTIONS,
  };
}

function temporalConfig(given: Variables): TemporalConfig {
  const tls = {
    serverCa: fileOf(given, 'TEMPORAL_TLS_CA_FILE'),
    clientCertificate: fileOf(given, 'TEMPORAL_TLS_CERT_FILE'),
    clientKey: fileOf(given, 'TEMPORAL_TLS_KEY_FILE'),
  };
  return {
    address: given.TEMPORAL_ADDRESS,
    namespace: given.TEMPORAL_NAMESPACE,
    uiUrl: given.TEMPORAL_UI_URL ?? null,
    apiKey: given.TEMPORAL_API_KEY ? new Secret(given.TEMPORAL_API_KEY) : null,
    tls: tls.serverCa || tls.clientCertificate || given.TEMPORAL_API_KEY ? tls : null,
  };
}

function googleConfig(given: Variables, publicUrl: string): GoogleConfig | null {
  const file = given.GOOGLE_CLIENT_SECRET_FILE;
  const secret = given.GOOGLE_CLIENT_SECRET;
  if (!given.GOOGLE_CLIENT_ID || (!secret && !file)) return null;
  return {
    client: {
      id: given.GOOGLE_CLIENT_ID,
      secret: async () => new Secret(file ? (await readFile(file, 'utf8')).trim() : (secret ?? '')),
    },
    authorizationUrl: given.GOOGLE_AUTHORIZATION_URL,
    tokenUrl: given.GOOGLE_TOKEN_URL,
    revocationUrl: given.GOOGLE_REVOCATION_URL,
    userinfoUrl: given.GOOGLE_USERINFO_URL,
    gmailApiUrl: given.GMAIL_API_URL,
    unitsPerMinute: given.GMAIL_API_URL === GOOGLE_URLS.gmailApiUrl ? GMAIL_UNITS_PER_MINUTE : null,
    push: googlePushConfig(given, publicUrl),
  };
}

/** Pub/Sub makes its tokens out to the address it pushes to, unless its subscription names another audience. */
function googlePushConfig(given: Variables, publicUrl: string): GooglePushConfig | null {
  if (!given.GOOGLE_PUBSUB_TOPIC) return null;
  return {
    topic: given.GOOGLE_PUBSUB_TOPIC,
    audience: given.GOOGLE_PUBSUB_AUDIENCE ?? `${publicUrl}/push/google`,
    serviceAccount: given.GOOGLE_PUBSUB_SERVICE_ACCOUNT ?? null,
    keysUrl: given.GOOGLE_JWKS_URL,
  };
}

/** The file that a variable names. */
function fileOf(given: Variables, variable: keyof Variables): Buffer | null {
  const path = given[variable];
  if (typeof path !== 'string') return null;
  try {
    return readFileSync(path);
  } catch (error) {
    throw new ConfigError(`${variable}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
