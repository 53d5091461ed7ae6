import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startSandbox } from '../../sandbox/sandbox.ts';
import { sandboxControl } from './sandbox-control.ts';
import type { Stage } from './stage.ts';

/** A sandbox beside the stage's whose mail servers have the same certificate, so that the stage trusts them as well. */
export async function startSecondSandbox(stage: Pick<Stage, 'imap'>) {
  const dir = await mkdtemp(join(tmpdir(), 'mooring-second-'));
  await cp(dirname(stage.imap.ca_file), join(dir, 'imap-tls'), {
    recursive: true,
    filter: (file) => !file.endsWith('.jsonl'),
  });
  const sandbox = await startSandbox({ dir, port: 0 });
  return {
    control: sandboxControl(sandbox.addresses.control),
    imap: sandbox.addresses.imap as Stage['imap'],
    /** Of Exchange Web Services. */
    exchangeUrl: String(sandbox.addresses.exchange['url']),
    stop: async () => {
      await sandbox.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
