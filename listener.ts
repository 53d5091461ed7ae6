// Held connections: where a provider tells of news over a connection that stays open (IMAP IDLE), this process holds
// it. It works beside the workers, opens passwords as they do, and may be left out: polling serves without it.
import { readConfig } from './runtime/config.ts';
import { createContext } from './runtime/context.ts';
import { startListener } from './push/watcher.ts';
import { logLastError } from './runtime/last-error.ts';
import { checkStart } from './runtime/start-checks.ts';

const config = readConfig();
const context = await createContext('listener', config);
await checkStart(context, 'listener');
logLastError(context.logger);
const listener = startListener(context, config.listenerConnections);

let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await listener.stop();
  await context.close();
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop());
process.send?.('ready');
context.logger.info({ mostConnections: config.listenerConnections }, 'The listener is ready');
