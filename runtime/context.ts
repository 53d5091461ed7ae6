import type { Config } from './config.ts';
import { readKeyring } from '../crypto/keyring.ts';
import { Vault } from '../crypto/vault.ts';
import type { Binding } from '../crypto/vault.ts';
import { connectDatabase } from '../db/client.ts';
import type { Database } from '../db/client.ts';
import type { Program } from '../db/roles.ts';
import { databaseClock } from '../db/clock.ts';
import { reserveQuotaTime } from '../db/quotas.ts';
import type { Clock } from '../domain/clock.ts';
import type { KillPoint } from '../domain/kill-points.ts';
import type { Mailer } from '../domain/mail.ts';
import { createMailer, withoutServer } from '../mailer/mailer.ts';
import { createLogger } from './logger.ts';
import type { Logger } from './logger.ts';
import { createProviders } from '../providers/registry.ts';
import type { Providers } from '../providers/registry.ts';
import { connectTemporal } from './temporal.ts';
import type { Temporal } from './temporal.ts';

/** Every dependency, built once. Tests override what they must (the clock, the engine) and nothing else. */
export interface Context {
  config: Config;
  logger: Logger;
  clock: Clock;
  database: Database;
  vault: Vault;
  providers: Providers;
  temporal: Temporal;
  /** The worker's; the other processes send no mail. */
  mailer: Mailer;
  /** Ends this process at once if it was started to die here (`MOORING_KILL_AT`); nothing otherwise. */
  killPoint(point: KillPoint): void;
  close(): Promise<void>;
}

/** `program` is whose rights it has in the database. */
export async function createContext(
  program: Program,
  config: Config,
  given: Partial<Context> = {},
  name: string = program,
): Promise<Context> {
  const database = given.database ?? connectDatabase({ ...config.database, poolSize: 12, program });
  const temporal = given.temporal ?? connectTemporal(config.temporal);
  const clock = given.clock ?? databaseClock(database);
  const logger = given.logger ?? createLogger(name, config.logLevel);
  const vault = given.vault ?? new Vault(await readKeyring(config.vaultKeysFile), raiseAlarm(logger));
  const parts = { config, logger, clock, database, vault };
  return {
    ...parts,
    providers:
      given.providers ??
      createProviders(config.providers, (...asked) => reserveQuotaTime({ database, clock }, ...asked)),
    temporal,
    mailer: given.mailer ?? (program === 'worker' ? mailerOf(parts) : withoutServer),
    killPoint(point) {
      if (point === config.killAt) process.kill(process.pid, 'SIGKILL');
    },
    async close() {
      await temporal.close();
      await database.close();
    },
  };
}

type MailerParts = Pick<Context, 'config' | 'logger' | 'clock' | 'database' | 'vault'>;

function mailerOf({ config, logger, ...storage }: MailerParts): Mailer {
  return createMailer(config.mail, {
    ...storage,
    certificateAuthorities: config.providers.certificateAuthorities,
    tellOperator: (failure) => logger.error(failure, 'The mail server of SMTP_URL takes no mail from us'),
  });
}

const raiseAlarm =
  (logger: Logger) =>
  ({ owner, kind, version }: Binding) =>
    logger.error(
      { owner, kind, version },
      'A vault record does not belong to its row or was changed; find out who wrote it',
    );
