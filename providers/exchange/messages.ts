import { networkFailure } from '../../net/network-failure.ts';
import type { FetchedMessage, ListedItem, ScopeReference } from '../contract.ts';
import type { ExchangeClient } from './client.ts';
import type { AnswerEvent } from './soap/answer-reader.ts';
import type { XmlNode } from './soap/node.ts';
import { codeOf, isSuccess, NO_RIGHT, refusalOf, unexpectedAnswer } from './soap/refusal.ts';
import { getContents, getFacts } from './soap/request.ts';

/** The batch that Microsoft advises; a throttled server stops larger ones. */
const BATCH_ITEMS = 10;
/** Memory holds items up to this size, in batches; larger ones are streamed one by one. */
const HELD_BYTES = 1024 * 1024;
/** The MIME of an item may exceed its `Size`; an item beyond this limit is streamed all the same. */
const MOST_HELD_BYTES = 4 * HELD_BYTES;

/** The item was deleted or moved: it is at another place, under another id. */
const GONE = new Set(['ErrorItemNotFound', 'ErrorMessageDisposed', 'ErrorObjectTypeChanged']);
/** Verdicts of the account: what they say of one item, they say of all. */
const OF_THE_ACCOUNT = new Set([
  'reauth_required',
  'rate_limited',
  'account_gone',
  'admin_action',
  'insufficient_scope',
]);

export interface Fetching {
  client: ExchangeClient;
  scope: ScopeReference;
  signal: AbortSignal;
  /** The largest item that is read in a batch; absent: `HELD_BYTES`. */
  heldBytes?: number;
}

interface Facts {
  item: ListedItem;
  receivedAt: Date;
  /** 0: the server does not tell it. */
  size: number;
}

/**
 * Fetches messages as MIME, ten at a time. Exchange makes the MIME anew for each read, so its bytes may differ from those of
 * an earlier read. The dates are asked for first, because the MIME comes before them in an answer.
 *
 * A refusal that concerns every message ends the fetch as a `ProviderError`; one of an item alone, such as a failed
 * conversion, is its outcome.
 */
export async function* fetchMessages(fetching: Fetching, items: ListedItem[]): AsyncGenerator<FetchedMessage> {
  const ended = new AbortController();
  try {
    yield* fetchEach({ ...fetching, signal: AbortSignal.any([fetching.signal, ended.signal]) }, items);
  } finally {
    // A message that was left unread would block the connection.
    ended.abort();
  }
}

async function* fetchEach(fetching: Fetching, items: ListedItem[]): AsyncGenerator<FetchedMessage> {
  const { heldBytes = HELD_BYTES } = fetching;
  const isSmall = ({ size }: Facts) => size > 0 && size <= heldBytes;
  for (let start = 0; start < items.length; start += BATCH_ITEMS) {
    const outcomes = await readFacts(fetching, items.slice(start, start + BATCH_ITEMS));
    yield* outcomes.flatMap((outcome) => ('outcome' in outcome ? outcome : []));
    const found = outcomes.flatMap((outcome) => ('outcome' in outcome ? [] : outcome));
    yield* readHeld(
      fetching,
      found.filter((facts) => isSmall(facts)),
    );
    for (const facts of found) if (!isSmall(facts)) yield await readLarge(fetching, facts);
  }
}

/** The items that are still at their place. */
export async function stillThere(fetching: Pick<Fetching, 'client'>, items: ListedItem[]): Promise<ListedItem[]> {
  const there: ListedItem[] = [];
  for (let start = 0; start < items.length; start += BATCH_ITEMS) {
    const outcomes = await readFacts(fetching, items.slice(start, start + BATCH_ITEMS));
    there.push(
      ...outcomes.flatMap((outcome) => ('outcome' in outcome && outcome.outcome === 'skipped' ? [] : outcome.item)),
    );
  }
  return there;
}

async function readFacts(
  { client }: Pick<Fetching, 'client'>,
  items: ListedItem[],
): Promise<(Facts | FetchedMessage)[]> {
  const outcomes: (Facts | FetchedMessage)[] = [];
  while (outcomes.length < items.length) {
    const left = items.slice(outcomes.length);
    const { messages } = await client.ask(getFacts(left.map(({ providerId }) => providerId)), 'import');
    const looked = lookedAt(messages);
    for (const [index, message] of looked.entries()) {
      const item = left[index];
      if (item) outcomes.push(refusedItem(item, message) ?? factsOf(item, message));
    }
  }
  return outcomes;
}

/** The messages that a stopped batch has looked at, at least the first. */
function lookedAt(messages: readonly XmlNode[]): XmlNode[] {
  const looked = messages.filter((message) => codeOf(message) !== 'ErrorBatchProcessingStopped');
  if (looked.length > 0) return looked;
  const [stopped] = messages;
  throw stopped
    ? refusalOf('GetItem', 'import', stopped)
    : unexpectedAnswer('GetItem', 'import', 'the answer holds nothing');
}

/** The outcome of a refused item; null: the item is given. */
function refusedItem(item: ListedItem, message: XmlNode): FetchedMessage | null {
  if (isSuccess(message)) return null;
  if (GONE.has(codeOf(message))) return { outcome: 'skipped', item, reason: 'gone' };
  const error = refusalOf('GetItem', 'import', message);
  const { kind, providerCode } = error.verdict;
  if (OF_THE_ACCOUNT.has(kind) && !NO_RIGHT.test(providerCode ?? '')) throw error;
  return { outcome: 'failed', item, error };
}

/** A message without a date gets that of the epoch. */
function factsOf(item: ListedItem, message: XmlNode): Facts {
  const element = message.at('Items')?.children[0];
  const received = new Date(element?.textAt('DateTimeReceived') ?? 0);
  return {
    item,
    receivedAt: Number.isNaN(received.getTime()) ? new Date(0) : received,
    size: Number(element?.textAt('Size') ?? 0) || 0,
  };
}

async function* readHeld(fetching: Fetching, found: readonly Facts[]): AsyncGenerator<FetchedMessage> {
  for (let done = 0; done < found.length;) {
    const before = done;
    let tooLarge: Facts | null = null;
    for await (const read of readBatch(fetching, found.slice(before))) {
      done++;
      if ('outcome' in read) yield read;
      else tooLarge = read;
    }
    if (done === before) throw unexpectedAnswer('GetItem', 'import', 'the answer holds nothing');
    if (tooLarge !== null) yield await readLarge(fetching, tooLarge);
  }
}

/** Ends early where the batch was stopped, and with an item that is too large to be held. */
async function* readBatch(
  { client, scope, signal }: Fetching,
  found: readonly Facts[],
): AsyncGenerator<FetchedMessage | Facts> {
  let done = 0;
  let [parts, size]: [Buffer[], number] = [[], 0];
  for await (const event of client.read(getContents(idsOf(found)), 'import', signal)) {
    const facts = found[done];
    if (!facts) return;
    if (event.kind === 'content') {
      parts.push(event.bytes);
      size += event.bytes.length;
      if (size > MOST_HELD_BYTES) return yield facts;
      continue;
    }
    if (codeOf(event.message) === 'ErrorBatchProcessingStopped') {
      if (done === 0) throw refusalOf('GetItem', 'import', event.message);
      return;
    }
    done++;
    const given = size === 0 ? withoutContent(facts) : messageOf(scope, facts, inParts(parts), size);
    yield refusedItem(facts.item, event.message) ?? given;
    [parts, size] = [[], 0];
  }
}

/** A refusal comes before any content. */
async function readLarge({ client, scope, signal }: Fetching, facts: Facts): Promise<FetchedMessage> {
  const events = client.read(getContents(idsOf([facts])), 'import', signal);
  const first = await events.next();
  if (first.done === true) throw unexpectedAnswer('GetItem', 'import', 'the answer holds nothing');
  if (first.value.kind === 'content') {
    return messageOf(scope, facts, streamed(first.value.bytes, events, client.host), facts.size);
  }
  await events.return(undefined);
  return refusedItem(facts.item, first.value.message) ?? withoutContent(facts);
}

/** A success without MIME: a message of no bytes would be stored, and nothing would ask for it again. */
function withoutContent({ item }: Facts): FetchedMessage {
  return { outcome: 'failed', item, error: unexpectedAnswer('GetItem', 'import', 'the item has no MIME') };
}

async function* streamed(first: Buffer, events: AsyncGenerator<AnswerEvent>, host: string): AsyncGenerator<Uint8Array> {
  try {
    yield first;
    for await (const event of events) {
      if (event.kind === 'content') yield event.bytes;
      else if (!isSuccess(event.message)) {
        throw networkFailure(host, 'import', new Error('connection lost while the message was read'));
      }
    }
  } finally {
    await events.return(undefined);
  }
}

function messageOf(
  scope: ScopeReference,
  { item, receivedAt }: Facts,
  raw: AsyncIterable<Uint8Array>,
  sizeEstimate: number,
): FetchedMessage {
  const folder = scope.name ?? '';
  return { outcome: 'message', item, mediaType: 'message/rfc822', raw, receivedAt, folder, sizeEstimate };
}

const idsOf = (found: readonly Facts[]) => found.map(({ item }) => item.providerId);

async function* inParts(parts: readonly Buffer[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}
