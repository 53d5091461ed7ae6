import { appendFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/*
 * What a run of the suite leaves behind for the last test, which looks for every secret in it: what is stored, sent,
 * said or logged while the tests run. Without a run folder (a script that uses a stage) nothing is kept.
 */

/** `database`: rows, and the log of writes. `temporal`: the bytes of its database. `answer`: what our server sent. */
export type EvidenceKind = 'database' | 'history' | 'temporal' | 'log' | 'webhook' | 'answer' | 'page' | 'error';

/** More than this is compressed: the log of a database's writes is 16 MiB and more. */
const LARGE_BYTES = 1 << 20;

const runDir = process.env['TEST_RUN_DIR'];
/** `test-api-feeds`; also that of the processes a test file starts. */
const testFile = () => process.env['TEST_FILE'] ?? 'no-test';
let parts = 0;

/** Adds to the evidence of this test file. */
export function keep(kind: EvidenceKind, content: string | Uint8Array): void {
  if (!runDir) return;
  const file = join(folderOf(runDir, kind), `${testFile()}.${process.pid}`);
  if (content.length < LARGE_BYTES) appendFileSync(file, typeof content === 'string' ? `${content}\n` : content);
  else writeFileSync(`${file}.${parts++}.zst`, zstdCompressSync(content));
}

/** Adds every file of a folder, but those that are not to be. */
export function keepFolder(kind: EvidenceKind, folder: string, except: string[] = []): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isFile() && !except.includes(entry.name)) keep(kind, readFileSync(join(folder, entry.name)));
  }
}

/** A file that a process or a logger may append its output to. */
export function logFile(): string {
  return runDir ? join(folderOf(runDir, 'log'), `${testFile()}.${process.pid}.out`) : '/dev/null';
}

function folderOf(dir: string, kind: EvidenceKind): string {
  const folder = join(dir, kind);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Everything that was kept of a kind so far, one piece at a time. */
export function* evidenceOf(kind: EvidenceKind): Generator<{ file: string; bytes: Buffer }> {
  if (!runDir) return;
  const folder = folderOf(runDir, kind);
  for (const file of readdirSync(folder)) {
    const bytes = readFileSync(join(folder, file));
    yield { file, bytes: file.endsWith('.zst') ? zstdDecompressSync(bytes) : bytes };
  }
}
