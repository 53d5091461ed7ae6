import { ensureVaultKeys } from './keyring.ts';

/** `node crypto/make-keys.ts FILE`: makes the vault's keys for server and worker without `npm start`. */
const [file] = process.argv.slice(2);
if (!file) throw new Error('usage: node crypto/make-keys.ts FILE');
await ensureVaultKeys(file);
