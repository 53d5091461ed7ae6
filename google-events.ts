// `npm run google-events -- register`: registers this Mooring (MOORING_PUBLIC_URL) as the receiver of the project's security
// events, in place of another one, and asks Google to verify it. `-- status`: prints the receiver.
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
  if (replaced !== null) process.stdout.write(`Google no longer sends security events to ${replaced}\n`);
  process.stdout.write(`Google sends security events to ${url} from now on, and was asked to verify it\n`);
} else {
  process.stdout.write(`Google sends security events to ${(await stream.stream.receiver()) ?? 'no receiver'}\n`);
}

function fail(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = 2;
}
