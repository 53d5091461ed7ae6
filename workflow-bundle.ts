import { createHash } from 'node:crypto';
import { access, mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import type { WorkflowBundleOption } from '@temporalio/worker';

const ROOT = import.meta.dirname;
const KEPT_IN = join(ROOT, 'dist', 'workflows');
/** What the bundle is made of; the lock file stands for the SDK's version. */
const FOLDERS = ['workflows', 'domain'];
/** Keeps what a message or an account holds out of the errors in histories. */
export const failureConverterPath = join(ROOT, 'workflows', 'failure-converter.ts');

/**
 * The workflow code as workers run it, bundled once per state of its sources: a worker that was killed is back
 * without the seconds that bundling takes. Where the folder cannot be written, it is bundled at every start.
 */
export async function workflowBundle(): Promise<WorkflowBundleOption> {
  const codePath = join(KEPT_IN, `${await sourcesHash()}.js`);
  if (await exists(codePath)) return { codePath };
  const workflowsPath = join(ROOT, 'workflows', 'workflows.ts');
  const { code } = await bundleWorkflowCode({ workflowsPath, failureConverterPath });
  try {
    await mkdir(KEPT_IN, { recursive: true });
    await writeFile(`${codePath}.${process.pid}`, code);
    await rename(`${codePath}.${process.pid}`, codePath);
  } catch {
    return { code };
  }
  return { codePath };
}

async function sourcesHash(): Promise<string> {
  const hash = createHash('sha256').update(await readFile(join(ROOT, 'package-lock.json')));
  for (const folder of FOLDERS) {
    const below = await readdir(join(ROOT, folder), { recursive: true });
    const names = below.filter((name) => name.endsWith('.ts')).sort();
    for (const name of names) hash.update(name).update(await readFile(join(ROOT, folder, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
