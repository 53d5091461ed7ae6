import type { Context } from '../../../runtime/context.ts';
import type { FetchedMessage } from '../../../providers/contract.ts';
import { withSessions } from '../importing.ts';

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

/**
 * A process that dies by SIGKILL when it lists more than `above` ids of a folder at once: what an answer too large
 * does.
 */
export function dyingOfListing(context: Context, { folder, above }: { folder: string; above: number }): Context {
  const survive = (scope: string, limit: number) => {
    if (scope === folder && limit > above) process.kill(process.pid, 'SIGKILL');
  };
  return withSessions(context, (session) => ({
    ...session,
    listChanges(scope, cursor, limit) {
      survive(scope.scope, limit);
      return session.listChanges(scope, cursor, limit);
    },
    listWindow(scope, window, position, limit) {
      survive(scope.scope, limit);
      return session.listWindow(scope, window, position, limit);
    },
  }));
}
