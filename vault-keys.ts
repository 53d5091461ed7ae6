// `node vault-keys.ts`: puts everything in the vault under the current keys of MOORING_VAULT_KEYS_FILE, the workers'
// file, and says how many records rest on which key. `node vault-keys.ts --burnt KEY_ID`: that key is known to others;
// every channel that rests on it is sent to its person to sign in again; then take it out of the file.
// A new key comes into the file of every process first, and is made the current one once all of them know it. The
// server's file (`--server-keys FILE`, else `server-keys.json` beside the workers') is compared before anything is done.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { giveUpKey, rewrapVault } from './credentials/rewrap.ts';
import { readConfig } from './runtime/config.ts';
import { createContext } from './runtime/context.ts';
import { checkRewrapping } from './runtime/start-checks.ts';

const { values } = parseArgs({ options: { burnt: { type: 'string' }, 'server-keys': { type: 'string' } } });
const config = readConfig();
const beside = join(dirname(config.vaultKeysFile), 'server-keys.json');
const context = await createContext('worker', config, {}, 'vault-keys');
try {
  await checkRewrapping(context, values['server-keys'] ?? (existsSync(beside) ? beside : null));
  if (values.burnt === undefined) {
    const { rewrapped, rejected, counts } = await rewrapVault(context);
    context.logger.info({ rewrapped, counts }, 'The vault is under the current keys');
    if (rejected.length > 0) context.logger.error({ rejected }, 'Some records do not open with the key that they name');
  } else {
    const channels = await giveUpKey(context, values.burnt);
    context.logger.info(
      { channels },
      `${channels.length} channels rest on ${values.burnt}; their owners are asked to sign in`,
    );
  }
} finally {
  await context.close();
}
