import { openApiContext } from './api/api-context.ts';
import { createApp } from './api/app.ts';
import { createFirstApiKey } from './api/auth/first-api-key.ts';
import { drain, listen } from './api/listen.ts';
import { readConfig } from './runtime/config.ts';
import { createContext } from './runtime/context.ts';
import { logLastError } from './runtime/last-error.ts';
import { startSettler } from './runtime/settler.ts';
import { registerFirstReceivers } from './runtime/security-event-streams.ts';
import { checkStart } from './runtime/start-checks.ts';

const config = readConfig();
const context = await createContext('server', config);
await checkStart(context, 'server');
logLastError(context.logger);
await createFirstApiKey(context);
const api = await openApiContext(context);
const settler = startSettler(context);
await settler.first;
const server = await listen(createApp(api), config);

let stopping = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    void stop();
  });
}
process.send?.('ready');
context.logger.info({ url: config.publicUrl }, 'The server is ready');
registerFirstReceivers(context).catch((error: unknown) => {
  context.logger.warn(
    { err: error },
    'The receiver of security events could not be registered; the next start retries it',
  );
});

async function stop(): Promise<void> {
  await api.stop();
  await drain(server);
  await settler.stop();
  await context.close();
  process.disconnect?.();
}
