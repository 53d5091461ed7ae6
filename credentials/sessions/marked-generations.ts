import type { ChannelRow } from '../../db/channels/channels.ts';
import type { FetchedMessage, ListedItem, Session } from '../../providers/contract.ts';

/*
 * Ids of a former access may equal ids of the present one by chance: two mail servers number their folders alike. Every
 * generation of an access after the first is therefore marked with the version with which that access began, in all that is
 * stored of it. So a change of access touches no stored place, and no message is recognised by an id of another access.
 */

/** What the generations of a channel's present access begin with. Padded: the places of a later access sort after all others. */
export function markOf({ accessVersion }: Pick<ChannelRow, 'accessVersion'>): string {
  return accessVersion === 1 ? '' : `access ${String(accessVersion).padStart(10, '0')} `;
}

/** The same session, whose items have marked generations. It asks its provider for no item of another access. */
export function withMarkedGenerations(session: Session, mark: string): Session {
  if (mark === '') return session;
  const [within, stillThere] = [session.within?.bind(session), session.stillThere?.bind(session)];
  const [readHeaders, comesAfter] = [session.readHeaders?.bind(session), session.comesAfter?.bind(session)];
  const marked = <T extends ListedItem>(item: T): T => ({ ...item, generation: `${mark}${item.generation}` });
  const isOwn = ({ generation }: ListedItem) => generation.startsWith(mark);
  const bare = (item: ListedItem) => ({ ...item, generation: item.generation.slice(mark.length) });
  const bareOf = (items: ListedItem[]) => items.filter(isOwn).map(bare);
  return {
    ...session,
    async listChanges(...asked) {
      const page = await session.listChanges(...asked);
      return { ...page, items: page.items.map(marked) };
    },
    async listWindow(...asked) {
      const page = await session.listWindow(...asked);
      return { ...page, items: page.items.map(marked) };
    },
    async *fetchMessages(scope, items) {
      for (const item of items) if (!isOwn(item)) yield { outcome: 'skipped', item, reason: 'gone' };
      const own = bareOf(items);
      if (own.length === 0) return;
      for await (const fetched of session.fetchMessages(scope, own)) {
        yield { ...fetched, item: marked(fetched.item) } satisfies FetchedMessage;
      }
    },
    ...(within && { within: async (scope, items, window) => (await within(scope, bareOf(items), window)).map(marked) }),
    ...(stillThere && { stillThere: async (scope, items) => (await stillThere(scope, bareOf(items))).map(marked) }),
    ...(readHeaders && { readHeaders: (scope, items) => readHeaders(scope, bareOf(items)) }),
    ...(comesAfter && { comesAfter: (cursor, item) => isOwn(item) && comesAfter(cursor, bare(item)) }),
  };
}
