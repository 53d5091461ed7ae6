// Watches mailboxes: it asks providers for news at an adaptive pace, and where a provider tells of news over a connection
// that stays open (IMAP IDLE, EWS streaming), it holds that. Only news wakes a channel's workflow. Any number share the channels by
// leases; without one the reconcile has workflows poll, more slowly.
import { readConfig } from './runtime/config.ts';
import { createContext } from './runtime/context.ts';
import { startListener } from './push/watcher.ts';
import { startWatching } from './watching/watcher.ts';
import { logLastError } from './runtime/last-error.ts';
import { startSettler } from './runtime/settler.ts';
import { checkStart } from './runtime/start-checks.ts';

const config = readConfig();
const context = await createContext('listener', config);
await checkStart(context, 'listener');
logLastError(context.logger);
const listening = [startListener(context, config.listenerConnections), startWatching(context), startSettler(context)];

let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await Promise.all(listening.map((one) => one.stop()));
  await context.close();
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop());
process.send?.('ready');
context.logger.info({ mostConnections: config.listenerConnections }, 'The listener is ready');
