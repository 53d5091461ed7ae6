import { openJournal } from './journal.ts';

/** One row set (or deleted, with null) in one table. */
export type Change<Rows> = {
  [Name in keyof Rows & string]: readonly [table: Name, key: string, row: Rows[Name] | null];
}[keyof Rows & string];

/** Rows by table and key, in memory and in one journal. */
export interface Tables<Rows> {
  read<Name extends keyof Rows & string>(table: Name): ReadonlyMap<string, Rows[Name]>;
  /** All of it or, when killed meanwhile, nothing of it; on disk when this returns. */
  commit(changes: readonly Change<Rows>[]): void;
  clear(): void;
  close(): void;
}

/** Rewritten to its rows after this many appended changes, so that turning tokens over does not fill the disk. */
const REWRITE_AFTER_CHANGES = 100_000;

interface TablesOptions<Rows> {
  readonly names: readonly (keyof Rows & string)[];
  /** Called after each change, also while the journal is replayed: keeps indexes. */
  readonly changed?: (change: Change<Rows>) => void;
  /** False for rows that need not outlive the next start, such as expired tokens. */
  readonly keep?: (change: Change<Rows>) => boolean;
}

export function openTables<Rows>(file: string, { names, changed, keep }: TablesOptions<Rows>): Tables<Rows> {
  const tables = new Map<string, Map<string, unknown>>(names.map((name) => [name, new Map()]));
  const table = (name: string): Map<string, unknown> => {
    const found = tables.get(name);
    if (!found)
      throw new Error(`${file} has rows of "${name}", which this version does not know: expected ${names.join(', ')}`);
    return found;
  };
  const replay = (changes: readonly Change<Rows>[]): void => {
    for (const change of changes) {
      const [name, key, row] = change;
      if (row === null) table(name).delete(key);
      else table(name).set(key, row);
      changed?.(change);
    }
  };
  function* snapshot(): Generator<readonly Change<Rows>[]> {
    for (const [name, rows] of tables) {
      for (const [key, row] of rows) {
        const change = [name, key, row] as unknown as Change<Rows>;
        if (keep?.(change) ?? true) yield [change];
      }
    }
  }
  const journal = openJournal<readonly Change<Rows>[]>(file, { replay, snapshot });
  let appended = 0;
  return {
    read: <Name extends keyof Rows & string>(name: Name) => table(name) as ReadonlyMap<string, Rows[Name]>,
    commit(changes) {
      journal.append(changes);
      replay(changes);
      appended += changes.length;
      if (appended < REWRITE_AFTER_CHANGES) return;
      appended = 0;
      journal.rewrite();
    },
    clear() {
      for (const rows of tables.values()) rows.clear();
      journal.rewrite();
    },
    close: () => journal.close(),
  };
}
