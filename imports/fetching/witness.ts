import { listPlacesElsewhere, listSomePlaces } from '../../db/messages/messages.ts';
import { markOf } from '../../credentials/sessions/marked-generations.ts';
import { PartRefused, ProviderError } from '../../domain/verdict.ts';
import { verdict } from '../../domain/verdict-builders.ts';
import type { ListedItem } from '../../providers/contract.ts';
import type { PageWork, Stretch } from '../import-run.ts';
import { keyOf } from './keys.ts';

/**
 * The provider withholds messages at large: an outage or a limit, which is no message's fault. A refusal of messages
 * says nothing else of the account, with any words.
 */
export class MessagesWithheld extends ProviderError {}

export function withheld(error: unknown): unknown {
  if (!(error instanceof ProviderError)) return error;
  const { kind, providerCode } = error.verdict;
  const isItself = kind === 'transient' || kind === 'rate_limited';
  return new MessagesWithheld(
    error.message,
    isItself ? error.verdict : verdict('transient', 'provider_unavailable', { providerCode }),
  );
}

/**
 * What a refusal of messages is: the folder's own where a message of another folder is given, else an outage or a
 * limit of the account.
 */
export async function refusalOf(stretch: Stretch, work: PageWork, error: unknown): Promise<unknown> {
  const refusal = withheld(error);
  if (!(refusal instanceof ProviderError) || refusal.verdict.kind === 'rate_limited') return refusal;
  const { context, channel } = stretch;
  const place = { channelId: channel.id, scope: work.scope.scope, mark: markOf(channel) };
  const others = await context.database.inTenant(channel.tenantId, (tx) => listPlacesElsewhere(tx, place, WITNESSES));
  for (const { scope, ...item } of others) {
    const elsewhere = { ...work, scope: { ...work.scope, scope } };
    if (await isGiven(stretch, elsewhere, item).catch(() => false)) {
      return new PartRefused(refusal.message, refusal.verdict);
    }
  }
  return refusal;
}

/** How many stored messages are asked for until one is found that is still there. */
const WITNESSES = 3;
/** Where there is no other message to ask for, a refusal that lasts this long is the message's own, in ms. */
const LONG_ENOUGH_MS = 3_600_000;

/**
 * Whether messages may be blamed for not being fetched: another message of the folder can be fetched now. `witness`:
 * one that was fetched just before. A folder without another message blames none for an hour: to wait is safe, to blame
 * an outage on a message is not. Throws what the provider answers instead of a message.
 */
export async function canBlame(
  stretch: Stretch,
  work: PageWork,
  accused: ListedItem[],
  witness: ListedItem | null = null,
): Promise<boolean> {
  for (const other of await listWitnesses(stretch, work, accused, witness)) {
    if (await isGiven(stretch, work, other)) return true;
  }
  const now = await stretch.context.clock.now();
  return now.getTime() - work.row.startedAt.getTime() >= LONG_ENOUGH_MS;
}

async function listWitnesses(
  { context, channel }: Stretch,
  { scope: { scope } }: PageWork,
  accused: ListedItem[],
  witness: ListedItem | null,
): Promise<ListedItem[]> {
  const isAccused = new Set(accused.map((item) => keyOf(item)));
  const stored = await context.database.inTenant(channel.tenantId, (tx) =>
    listSomePlaces(tx, { channelId: channel.id, scope, mark: markOf(channel) }, WITNESSES + accused.length),
  );
  const others = stored.filter((item) => !isAccused.has(keyOf(item))).slice(0, WITNESSES);
  return witness === null ? others : [witness, ...others];
}

/** False: this one is there no more, and says nothing. */
async function isGiven({ session }: Stretch, { scope }: PageWork, item: ListedItem): Promise<boolean> {
  for await (const fetched of session.fetchMessages(scope, [item])) {
    if (fetched.outcome === 'failed') throw withheld(fetched.error);
    if (fetched.outcome === 'skipped') continue;
    const parts = fetched.raw[Symbol.asyncIterator]();
    await parts.next(); // a large message is asked for only now, and its first part is enough
    await parts.return?.();
    return true;
  }
  return false;
}
