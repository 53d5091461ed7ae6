import { appendFileSync, closeSync, existsSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

/** The state a journal keeps: how an entry changes it, and the fewest entries that make it again. */
export interface JournalOwner<Entry> {
  replay(entry: Entry): void;
  snapshot(): Iterable<Entry>;
}

export interface Journal<Entry> {
  /** On disk (the kernel's memory, which outlives a kill -9) when this returns. */
  append(entry: Entry): void;
  /** Replaces the file by the owner's snapshot: after a reset, or when it has grown. */
  rewrite(): void;
  close(): void;
}

/**
 * An append-only JSONL file that survives kill -9: replayed at start, then compacted to the owner's snapshot.
 * A last line without its newline was torn by a kill: nothing of it was answered, so it is dropped.
 * Only one process may hold it; the sandbox's listening port, taken first, sees to that.
 * @throws when any other line is not JSON.
 */
export function openJournal<Entry>(file: string, owner: JournalOwner<Entry>): Journal<Entry> {
  if (existsSync(file)) replayFile(file, owner);
  writeSnapshot(file, owner);
  let descriptor = openSync(file, 'a', 0o600);
  return {
    append: (entry) => appendFileSync(descriptor, `${JSON.stringify(entry)}\n`),
    rewrite() {
      closeSync(descriptor);
      writeSnapshot(file, owner);
      descriptor = openSync(file, 'a', 0o600);
    },
    close: () => closeSync(descriptor),
  };
}

function replayFile<Entry>(file: string, owner: JournalOwner<Entry>): void {
  const lines = readFileSync(file, 'utf8').split('\n');
  lines.pop(); // what follows the last newline: nothing, or a torn line
  for (const [index, line] of lines.entries()) {
    let entry: Entry;
    try {
      entry = JSON.parse(line) as Entry;
    } catch {
      throw new Error(
        `${file} line ${index + 1} is not JSON: the sandbox's state is damaged, delete its folder to start anew`,
      );
    }
    owner.replay(entry);
  }
}

function writeSnapshot<Entry>(file: string, owner: JournalOwner<Entry>): void {
  const lines: string[] = [];
  for (const entry of owner.snapshot()) lines.push(`${JSON.stringify(entry)}\n`);
  writeFileSync(`${file}.new`, lines.join(''), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
