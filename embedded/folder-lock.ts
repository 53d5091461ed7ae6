import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const SQLITE_BUSY = 5;
/** One that is collected as garbage closes, which would give its lock away. */
const held = new Set<DatabaseSync>();

/**
 * Takes the exclusive lock of a folder; `null` when another living process has it.
 * SQLite's file lock is the operating system's, so it ends with the process however that dies; a file with a pid
 * in it would outlive a `kill -9` and then name the next process with this pid.
 */
export function lockFolder(dir: string): { release: () => void } | null {
  const database = new DatabaseSync(join(dir, 'lock'));
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return null;
    throw error;
  }
  held.add(database);
  return {
    release() {
      held.delete(database);
      database.close();
    },
  };
}
