import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { KILL_POINTS } from '../domain/kill-points.ts';
import type { KillPoint } from '../domain/kill-points.ts';
import { Secret } from '../domain/secret.ts';
import type { LoginPasswords } from '../db/logins.ts';
import type { MailConfig } from '../mailer/mailer.ts';
import { parseSender, parseSmtpUrl } from '../mailer/smtp-url.ts';
import type { Parsed, Sender, SmtpServer } from '../mailer/smtp-url.ts';
import type { ProviderConfig } from '../providers/definition.ts';
import { readProviderFiles } from '../providers/custom/files.ts';
import { PROVIDER_VARIABLES } from '../providers/registry.ts';
import { readEnvironment } from './environment.ts';

/** What server and worker were configured with. */
export interface Config {
  logLevel: string;
  port: number;
  bind: string;
  publicUrl: string;
  /** Addresses and ranges whose `X-Forwarded-For` is believed. */
  trustedProxies: string[];
  /** Where the built web UI lies. */
  uiDir: string;
  database: DatabaseConfig;
  temporal: TemporalConfig;
  vaultKeysFile: string;
  /** The worker sends it. */
  mail: MailConfig;
  firstApiKey: Secret | null;
  uiLoginToken: Secret | null;
  /**
   * The simulated providers run beside us: their page is linked, and mailboxes are polled at their short pace.
   * `isAlone`: no client of a real provider is configured.
   */
  sandbox: { page: string; isAlone: boolean } | null;
  providers: ProviderConfig;
  /** How long every channel waits between two polls, in ms; null: as its provider's capabilities say. */
  pollIntervalMs: number | null;
  /** How long between two comparisons of what routine brought with the provider's own list, in ms. */
  auditIntervalMs: number;
  /** How many connections one listener holds at most. */
  listenerConnections: number;
  /** Where this process kills itself, for tests that are about just that; null but in them. */
  killAt: KillPoint | null;
}

interface DatabaseConfig {
  url: string;
  /** Where `url` is a transaction-mode pooler: the server itself. */
  directUrl: string | null;
  /** Whether a prepared statement may be used again. */
  prepare: boolean;
}

export interface TemporalConfig {
  address: string;
  namespace: string;
  uiUrl: string | null;
  apiKey: Secret | null;
  tls: { serverCa: Buffer | null; clientCertificate: Buffer | null; clientKey: Buffer | null } | null;
}

const port = z.coerce.number().int().min(1).max(65_535);
// Judged here: a later parser's error would print it with its password.
const databaseUrl = z.string().refine(isDatabaseUrl, 'expected postgres://user:password@host:port/database');
/** Of a key that is guessed at from outside; beside the sandbox alone there is nothing to guess for. */
const KEY_LENGTH = 20;
const variables = z.object({
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
  PORT: port.default(3000),
  MOORING_BIND: z.string().default('127.0.0.1'),
  MOORING_PUBLIC_URL: z.url().optional(),
  MOORING_TRUSTED_PROXIES: z.string().default('').transform(entriesOf).superRefine(requireRanges),
  DATABASE_URL: databaseUrl,
  DATABASE_DIRECT_URL: databaseUrl.optional(),
  DATABASE_PREPARE: z.enum(['on', 'off']).default('on'),
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
  MOORING_SANDBOX_ALONE: z.enum(['on', 'off']).default('on'),
  MOORING_EGRESS_ALLOW: z.string().default(''),
  MOORING_CA_FILE: z.string().optional(),
  SMTP_URL: parsedBy(parseSmtpUrl).optional(),
  MAIL_FROM: parsedBy(parseSender).optional(),
  MOORING_OUTBOX: z.enum(['on', 'off']).default('off'),
  MOORING_KILL_AT: z.enum(KILL_POINTS).optional(),
  MOORING_POLL_SECONDS: z.coerce.number().min(1).optional(),
  MOORING_LISTENER_CONNECTIONS: z.coerce.number().int().min(1).default(1000),
});
type Variables = z.infer<typeof variables>;

/** A variable in another module's words for what is wrong with it, which never repeat the value. */
function parsedBy<T extends SmtpServer | Sender>(parse: (text: string) => Parsed<T>) {
  return z.string().transform((text, context) => {
    const parsed = parse(text);
    if ('value' in parsed) return parsed.value;
    context.addIssue({ code: 'custom', message: parsed.problem });
    return z.NEVER;
  });
}

function entriesOf(list: string): string[] {
  return list.split(',').flatMap((entry) => entry.trim() || []);
}

/** Addresses and ranges. A range of every address is refused: each client could then name its own address. */
function requireRanges(entries: string[], context: z.RefinementCtx): void {
  const wrong = entries.findIndex((entry) => !/^[^/]+$|\/0*[1-9]/.test(entry) || !isRange(entry));
  if (wrong === -1) return;
  const message =
    'expected addresses and ranges with commas between them, such as 10.0.0.0/8, 2001:db8::1, and no range of ' +
    `every address; entry ${wrong + 1} is none`;
  context.addIssue({ code: 'custom', message });
}

const isRange = (entry: string) => isIP(entry) !== 0 || ipaddr.isValidCIDR(entry);

function isDatabaseUrl(text: string): boolean {
  return /^postgres(ql)?:\/\//.test(text) && URL.canParse(text);
}

/** A variable is missing or wrong; the message names the variable and what was expected, never its value. */
class ConfigError extends Error {}

/** Beside the simulated providers, whose mail a person waits for. */
const SANDBOX_POLL_MS = 5_000;
/** Under a day, so that what is missed is found within one. */
const AUDIT_INTERVAL_MS = 23 * 3_600_000;

function configError(...errors: (z.ZodError | undefined)[]): ConfigError {
  const issues = errors.flatMap((error) => error?.issues ?? []);
  return new ConfigError(issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n'));
}

/** Throws `ConfigError` with one line per variable that is missing or wrong. */
export function readConfig(environment: Record<string, string> = readEnvironment()): Config {
  const own = variables.safeParse(environment);
  const files = readProviderFiles(environment['MOORING_PROVIDERS_DIR']);
  if (files.problems.length > 0) throw new ConfigError(files.problems.join('\n'));
  const ofFiles = files.definitions.map((definition) => definition.variables);
  const theirs = z.object(Object.assign({}, PROVIDER_VARIABLES, ...ofFiles) as z.ZodRawShape).safeParse(environment);
  if (!own.success || !theirs.success) throw configError(own.error, theirs.error);
  const given = own.data;
  const isAlone = given.MOORING_SANDBOX_ALONE === 'on';
  if (!(isAlone && given.MOORING_SANDBOX === 'on')) requireLongKey(given.MOORING_API_KEY);
  if (given.MOORING_SANDBOX === 'off') requireTls(theirs.data);
  const sandbox = given.MOORING_SANDBOX === 'on' ? { page: given.MOORING_SANDBOX_PAGE ?? '', isAlone } : null;
  const publicUrl = (given.MOORING_PUBLIC_URL ?? `http://127.0.0.1:${given.PORT}`).replace(/\/$/, '');
  return {
    logLevel: given.LOG_LEVEL,
    port: given.PORT,
    bind: given.MOORING_BIND,
    publicUrl,
    trustedProxies: given.MOORING_TRUSTED_PROXIES,
    uiDir: resolve(import.meta.dirname, '../dist/ui'),
    database: {
      url: given.DATABASE_URL,
      directUrl: given.DATABASE_DIRECT_URL ?? null,
      prepare: given.DATABASE_PREPARE === 'on',
    },
    temporal: temporalConfig(given),
    vaultKeysFile: given.MOORING_VAULT_KEYS_FILE,
    mail: mailConfig(given),
    firstApiKey: given.MOORING_API_KEY ? new Secret(given.MOORING_API_KEY) : null,
    uiLoginToken: given.MOORING_UI_LOGIN_TOKEN ? new Secret(given.MOORING_UI_LOGIN_TOKEN) : null,
    sandbox,
    providers: {
      variables: theirs.data,
      files: files.definitions,
      publicUrl,
      egress: { allow: entriesOf(given.MOORING_EGRESS_ALLOW) },
      certificateAuthorities: fileOf(given, 'MOORING_CA_FILE')?.toString() ?? null,
    },
    // Beside the sandbox only: no real mailbox hangs on a process that was asked to die.
    killAt: (sandbox?.isAlone ? given.MOORING_KILL_AT : null) ?? null,
    auditIntervalMs: AUDIT_INTERVAL_MS,
    pollIntervalMs: pollIntervalMs(given),
    listenerConnections: given.MOORING_LISTENER_CONNECTIONS,
  };
}

function mailConfig({ SMTP_URL: smtp, MAIL_FROM: from, MOORING_OUTBOX: outbox }: Variables): MailConfig {
  if (!smtp) return { smtp: null, isKept: outbox === 'on' };
  if (!from) throw new ConfigError('MAIL_FROM: expected the sender of the mails that go out through SMTP_URL');
  return { smtp, from };
}

function requireLongKey(key: string | undefined): void {
  if (key === undefined || key.length >= KEY_LENGTH) return;
  throw new ConfigError(`MOORING_API_KEY: expected at least ${KEY_LENGTH} random characters outside the sandbox`);
}

/** A stand-in on this machine may speak plain HTTP; elsewhere secrets and tokens would cross a network in the clear. */
function requireTls(theirs: Record<string, unknown>): void {
  const wrong = Object.keys(theirs).find((name) => name.endsWith('_URL') && isClear(String(theirs[name])));
  if (wrong) throw new ConfigError(`${wrong}: expected an https: address; http: is for this machine and the sandbox`);
}

function isClear(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  return protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

function pollIntervalMs({ MOORING_POLL_SECONDS: seconds, MOORING_SANDBOX: sandbox }: Variables): number | null {
  if (seconds !== undefined) return 1000 * seconds;
  return sandbox === 'on' ? SANDBOX_POLL_MS : null;
}

/** The configuration of `npm run google-events`, which needs no database. Throws `ConfigError` as `readConfig` does. */
export function readProviderConfig(environment: Record<string, string> = readEnvironment()): ProviderConfig {
  const own = variables.pick({ PORT: true, MOORING_PUBLIC_URL: true }).safeParse(environment);
  const theirs = z.object(PROVIDER_VARIABLES).safeParse(environment);
  if (!own.success || !theirs.success) throw configError(own.error, theirs.error);
  const { PORT, MOORING_PUBLIC_URL: url = `http://127.0.0.1:${PORT}` } = own.data;
  const publicUrl = url.replace(/\/$/, '');
  return { variables: theirs.data, publicUrl, egress: { allow: [] }, certificateAuthorities: null };
}

/** What `node migrate.ts` works with. */
export interface MigrateConfig {
  /** The login that owns the tables. */
  ownerUrl: string;
  /** Whether it is another than that of the processes. */
  hasOwner: boolean;
  /** The passwords to give to the logins of the processes; null: they have been made otherwise. */
  loginPasswords: LoginPasswords | null;
}

const migrateVariables = z.object({
  DATABASE_URL: databaseUrl.optional(),
  DATABASE_OWNER_URL: databaseUrl.optional(),
  DATABASE_SERVER_PASSWORD: z.string().min(16).optional(),
  DATABASE_WORKER_PASSWORD: z.string().min(16).optional(),
  DATABASE_LISTENER_PASSWORD: z.string().min(16).optional(),
});

/** Throws `ConfigError` as `readConfig` does. */
export function readMigrateConfig(environment: Record<string, string> = readEnvironment()): MigrateConfig {
  const { data: given, error } = migrateVariables.safeParse(environment);
  if (!given) throw configError(error);
  const ownerUrl = given.DATABASE_OWNER_URL ?? given.DATABASE_URL;
  if (!ownerUrl) throw new ConfigError('DATABASE_OWNER_URL: expected the login that owns the tables');
  const {
    DATABASE_SERVER_PASSWORD: server,
    DATABASE_WORKER_PASSWORD: worker,
    DATABASE_LISTENER_PASSWORD: listener,
  } = given;
  const all = server && worker && listener;
  if (!all && (server || worker || listener)) {
    throw new ConfigError(
      'DATABASE_SERVER_PASSWORD, DATABASE_WORKER_PASSWORD, DATABASE_LISTENER_PASSWORD: expected all or none',
    );
  }
  return {
    ownerUrl,
    hasOwner: given.DATABASE_OWNER_URL !== undefined,
    loginPasswords: all
      ? { server: new Secret(server), worker: new Secret(worker), listener: new Secret(listener) }
      : null,
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
