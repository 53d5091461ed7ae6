import { Secret } from '../../domain/secret.ts';
import type { Database } from '../../db/client.ts';
import { ensureLogins, loginUrl } from '../../db/logins.ts';
import type { Program } from '../../db/roles.ts';
import { secret } from './minting.ts';

/** Each program's own login at a database that is migrated, as `npm start` makes them. */
export async function makeLogins(ownerUrl: string): Promise<Record<Program, string>> {
  const passwords = {
    server: new Secret(secret('database-password')),
    worker: new Secret(secret('database-password')),
    listener: new Secret(secret('database-password')),
  };
  await ensureLogins(ownerUrl, passwords);
  return {
    server: loginUrl(ownerUrl, 'server', passwords.server),
    worker: loginUrl(ownerUrl, 'worker', passwords.worker),
    listener: loginUrl(ownerUrl, 'listener', passwords.listener),
  };
}

const pairs = new WeakMap<Database, Record<Program, Database>>();

/** Remembers which connections are which program's, so that one context can play them all. */
export function rememberPrograms(databases: Record<Program, Database>): void {
  for (const database of Object.values(databases)) pairs.set(database, databases);
}

/** The same database under a program's own login; one that no stage has made stays as it is. */
export function databaseAs(program: Program, database: Database): Database {
  return pairs.get(database)?.[program] ?? database;
}
