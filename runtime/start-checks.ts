import { readFileSync } from 'node:fs';
import { url as debuggerUrl } from 'node:inspector';
import type { Context } from './context.ts';
import { withAllVaultRecords } from '../db/across-tenants/across-tenants.ts';
import { countRecords } from '../db/across-tenants/vault-records.ts';

/**
 * Before a process takes up work. `opens` is `encrypted` for the server, and `sealed` too for whoever refreshes and
 * signs in. Throws when a key is missing, or when a debugger listens beside real mailboxes.
 */
export async function checkStart(context: Context, opens: ('sealed' | 'encrypted')[]): Promise<void> {
  if (!context.config.sandbox) keepMemoryToOurselves(context);
  await requireVaultKeys(context, opens);
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
  const counts = await withAllVaultRecords(database, (tx) => countRecords(tx, now, known));
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
