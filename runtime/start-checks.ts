import { readFileSync } from 'node:fs';
import { url as debuggerUrl } from 'node:inspector';
import type { Context } from './context.ts';
import { checkDatabase } from './database-checks.ts';
import { StartRefused } from './start-refused.ts';
import { readKeyring } from '../crypto/keyring.ts';
import type { Program } from '../db/roles.ts';
import { countRecords } from '../db/across-tenants/vault-records.ts';

/** What each process opens of the vault. The listener reads no token. */
const OPENS = {
  server: ['encrypted'],
  worker: ['sealed', 'encrypted'],
  listener: ['sealed'],
} satisfies Record<Program, ('sealed' | 'encrypted')[]>;

/**
 * Before a process takes up work. Throws when a key is missing, when the server has one that it must not have, or when
 * a debugger listens beside real mailboxes.
 */
export async function checkStart(context: Context, program: Program): Promise<void> {
  if (!context.config.sandbox?.isAlone) keepMemoryToOurselves(context);
  if (program === 'server') refusePrivateKeys(context);
  if (program === 'worker') warnWithoutMail(context);
  await checkDatabase(context, program);
  await requireVaultKeys(context, OPENS[program]);
}

/** People are told of broken channels by mail; a missing mail server is easily overlooked. */
function warnWithoutMail({ config: { mail }, logger }: Context): void {
  if (mail.smtp !== null || mail.isKept) return;
  logger.warn('SMTP_URL is not set, so no mail tells people of broken channels');
}

/** Rule 1: the server, which the whole world may talk to, holds no key that opens a refresh token or a password. */
function refusePrivateKeys({ vault }: Context): void {
  const [keyId] = vault.keyIds('sealed');
  if (keyId === undefined) return;
  throw new StartRefused(
    'private_key_in_server',
    `The keys file that MOORING_VAULT_KEYS_FILE names for the server has the private key "${keyId}", which is for workers ` +
      'and listeners alone. Write the server its own file: node crypto/make-keys.ts WORKERS_FILE SERVER_FILE',
  );
}

/**
 * Before records are put under the current keys of the workers' file. Throws when this process has the server's file,
 * or when the server's file, where it is known, lacks a current key: the server could not read what is re-wrapped.
 */
export async function checkRewrapping({ vault }: Context, serverKeysFile: string | null): Promise<void> {
  if (vault.keyIds('sealed').length === 0) {
    throw new StartRefused(
      'private_key_absent',
      'The keys file that MOORING_VAULT_KEYS_FILE names has no private key; re-wrapping needs the file of the workers',
    );
  }
  if (serverKeysFile === null) return;
  const { sealing, content } = await readKeyring(serverKeysFile);
  const known = new Set([...sealing.publicKeys.keys(), ...content.keys.keys()]);
  const absent = [vault.currentKey('sealed'), vault.currentKey('encrypted')].filter((keyId) => !known.has(keyId));
  if (absent.length === 0) return;
  throw new StartRefused(
    'server_keys_behind',
    `The server's keys file ${serverKeysFile} lacks the current key "${absent.join('" and "')}". Write it anew from the workers' ` +
      `file (node crypto/make-keys.ts WORKERS_FILE ${serverKeysFile}), restart the server, and run this again`,
  );
}

/**
 * Keys and tokens lie in this process's memory, and strings of V8 cannot be wiped: no debugger may read them, and no
 * core dump should hold them (S-27). SIGUSR1 would start a debugger later; a listener keeps Node from it.
 */
function keepMemoryToOurselves({ logger }: Context): void {
  if (debuggerUrl() !== undefined) {
    throw new Error('A debugger (--inspect) could read every key; it is allowed beside the sandbox only');
  }
  process.on('SIGUSR1', () => logger.warn('SIGUSR1 was ignored; it would start a debugger'));
  const coreSize = /^Max core file size +(\S+)/m.exec(limitsOfProcess())?.[1];
  if (coreSize !== undefined && coreSize !== '0') {
    logger.warn('A crash may write keys to a core dump; "ulimit -c 0" prevents it');
  }
}

/** Linux tells; elsewhere nothing is known. */
function limitsOfProcess(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return '';
  }
}

/**
 * Refuses to start a process that could not open what it will be asked for. Found out here, it is a key to put back;
 * found out later, it is a channel that fails for no reason its owner could mend. The error names key ids, counts and
 * the variable.
 */
async function requireVaultKeys({ database, vault, clock }: Context, opens: ('sealed' | 'encrypted')[]): Promise<void> {
  const known = { sealed: vault.keyIds('sealed'), encrypted: vault.keyIds('encrypted') };
  const now = await clock.now();
  const counts = await countRecords(database, now, known);
  const absent = counts.filter(({ how }) => opens.includes(how));
  if (absent.length === 0) return;
  const missing = absent.map(
    ({ how, keyId, table, record, count }) =>
      `${how === 'sealed' ? 'the private key' : 'the key'} "${keyId}" for ${count} records (${table}.${record})`,
  );
  throw new Error(
    `The keys file that MOORING_VAULT_KEYS_FILE names lacks ${missing.join(', ')}; ` +
      'put it back, or re-wrap these records with a keys file that has it (node vault-keys.ts)',
  );
}
