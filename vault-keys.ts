// `node vault-keys.ts`: puts everything in the vault under the current keys of MOORING_VAULT_KEYS_FILE, and says how
// many records rest on which key. `node vault-keys.ts --burnt KEY_ID`: that key is known to others; every channel that
// rests on it is sent to its person to sign in again; then take it out of the file.
// A new key comes into the file of every process first, and is made the current one once all of them know it.
import { parseArgs } from 'node:util';
import { giveUpKey, rewrapVault } from './credentials/rewrap.ts';
import { readConfig } from './runtime/config.ts';
import { createContext } from './runtime/context.ts';

const { values } = parseArgs({ options: { burnt: { type: 'string' } } });
const context = await createContext('vault-keys', readConfig());
try {
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
