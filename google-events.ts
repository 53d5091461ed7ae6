// `npm run google-events -- register`: has Google tell this Mooring (MOORING_PUBLIC_URL) of what happens to accounts, in
// place of another receiver that the project may have, and asks it to verify that. `-- status`: says where Google tells.
// Needs GOOGLE_RISC_SERVICE_ACCOUNT_FILE (providers/google/README.md).
import { parseArgs } from 'node:util';
import { createProviders } from './providers/registry.ts';
import { readProviderConfig } from './runtime/config.ts';
import { registerReceiver, streamsOf } from './runtime/security-event-streams.ts';

const { positionals } = parseArgs({ allowPositionals: true });
const [command] = positionals;
const config = readProviderConfig();
const stream = streamsOf(createProviders(config), 'google')[0];
if (!['register', 'status'].includes(command ?? '')) {
  fail('usage: npm run google-events -- register | status');
} else if (!stream) {
  fail('GOOGLE_CLIENT_ID and GOOGLE_RISC_SERVICE_ACCOUNT_FILE are needed to register a receiver');
} else if (command === 'register') {
  const { url, replaced } = await registerReceiver(stream, config.publicUrl);
  if (replaced !== null) process.stdout.write(`Google no longer tells ${replaced}\n`);
  process.stdout.write(`Google tells ${url} from now on, and has been asked to verify it\n`);
} else {
  process.stdout.write(`Google tells ${(await stream.stream.receiver()) ?? 'no receiver'}\n`);
}

function fail(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = 2;
}
