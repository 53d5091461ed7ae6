import { readConfig } from '../../config.ts';
import { createContext } from '../../context.ts';
import type { FetchedMessage } from '../../providers/provider.ts';
import type { Temporal } from '../../temporal.ts';
import { importing, withSessions } from './importing.ts';

/*
 * A process of its own that imports as a worker does, one slice, and dies by SIGKILL
 * the moment it reads the message named in `POISON`: what a bug in a parser does to a worker.
 */
const { POISON, CHANNEL = '', IMPORT = '' } = process.env;
const silent = { lookAt: async () => {}, close: async () => {} } as unknown as Temporal;
const context = await createContext('test', readConfig(process.env as Record<string, string>), { temporal: silent });
const poisoned = withSessions(context, (session) => ({
  ...session,
  async *fetchMessages(scope, items): AsyncGenerator<FetchedMessage> {
    for await (const fetched of session.fetchMessages(scope, items)) {
      if (fetched.item.providerId === POISON) process.kill(process.pid, 'SIGKILL');
      yield fetched;
    }
  },
}));
const answer = await importing(poisoned).slice(CHANNEL, IMPORT, Number(process.env['ATTEMPT'] ?? 1));
process.stdout.write(JSON.stringify(answer));
await context.close();
