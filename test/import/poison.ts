import type { Context } from '../../context.ts';
import type { FetchedMessage } from '../../providers/provider.ts';
import { withSessions } from './importing.ts';

/** A process that dies by SIGKILL the moment it reads one message: what a bug in a parser does to a worker. */
export function dyingOf(context: Context, providerId: string | undefined): Context {
  return withSessions(context, (session) => ({
    ...session,
    async *fetchMessages(scope, items): AsyncGenerator<FetchedMessage> {
      for await (const fetched of session.fetchMessages(scope, items)) {
        if (fetched.item.providerId === providerId) process.kill(process.pid, 'SIGKILL');
        yield fetched;
      }
    },
  }));
}
