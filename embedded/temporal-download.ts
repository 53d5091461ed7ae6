import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from './run-program.ts';

/** Where the Temporal SDKs download their servers from, and how they ask (sdk-core, `ephemeral_server/mod.rs`). */
const DOWNLOADS = 'https://temporal.download';
const ANSWER_TIMEOUT_MS = 5_000;
const TRANSFER_TIMEOUT_MS = 300_000;

/** Downloads the Temporal CLI `version` into `dir` as `temporal`. A machine without internet learns so in 5 s. */
export async function downloadTemporal(dir: string, version: string, downloads = DOWNLOADS): Promise<void> {
  const { archiveUrl, fileToExtract } = await archiveOf(version, downloads);
  const archive = join(dir, 'archive.tar.gz');
  const response = await fetch(archiveUrl, { signal: AbortSignal.timeout(TRANSFER_TIMEOUT_MS) });
  if (!response.ok) throw new Error(`${archiveUrl} answered ${response.status}`);
  await writeFile(archive, await response.bytes());
  await runProgram('tar', ['-xzf', archive, '-C', dir, fileToExtract]);
}

async function archiveOf(version: string, downloads: string): Promise<{ archiveUrl: string; fileToExtract: string }> {
  const query = new URLSearchParams({
    arch: process.arch === 'x64' ? 'amd64' : process.arch,
    platform: process.platform,
    format: 'tar.gz',
  });
  const url = `${downloads}/cli/v${version}?${query}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) }).catch((error: Error) => {
    throw new Error(
      `${downloads} cannot be reached (${error.cause instanceof Error ? error.cause.message : error.message})`,
    );
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return (await response.json()) as { archiveUrl: string; fileToExtract: string };
}
