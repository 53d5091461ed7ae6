import { dirname, join } from 'node:path';
import { ensureVaultKeys, writeServerKeys } from './keys-file.ts';

/*
 * `node crypto/make-keys.ts WORKERS [SERVER]`: makes the vault's keys for an installation without `npm start`. WORKERS
 * is the file of workers and listeners; one that exists stays as it is. SERVER (`server-keys.json` beside it unless
 * named) is written anew from it, without the private keys; run this again after each change of WORKERS.
 */
const [workers, server] = process.argv.slice(2);
if (!workers) throw new Error('usage: node crypto/make-keys.ts WORKERS [SERVER]');
await ensureVaultKeys(workers);
await writeServerKeys({ workers, server: server ?? join(dirname(workers), 'server-keys.json') });
