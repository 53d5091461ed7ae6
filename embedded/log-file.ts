import { existsSync, mkdirSync, openSync, closeSync, fstatSync, readSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Makes room for a new log; one that an earlier start left is kept as `.1`, replacing the one before. */
export function rotateLog(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  if (existsSync(file) && statSync(file).size > 0) renameSync(file, `${file}.1`);
}

/** The last `count` lines of a log, for showing why a process did not start. */
export function lastLines(file: string, count = 15): string[] {
  if (!existsSync(file)) return [];
  const descriptor = openSync(file, 'r');
  try {
    const { size } = fstatSync(descriptor);
    const tail = Buffer.alloc(Math.min(size, 16_384));
    readSync(descriptor, tail, 0, tail.length, size - tail.length);
    return tail.toString('utf8').trimEnd().split('\n').slice(-count);
  } finally {
    closeSync(descriptor);
  }
}
