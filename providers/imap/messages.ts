import type { FetchMessageObject, FetchQueryObject } from 'imapflow';
import { ProviderError } from '../../domain/verdict.ts';
import { networkFailure } from '../../net/network-failure.ts';
import { inOrder } from '../../net/in-order.ts';
import type { FetchedMessage, ListedItem, ScopeReference, TimeWindow } from '../contract.ts';
import { assertGeneration } from './changes.ts';
import type { ExaminedFolder, ImapConnection } from './client.ts';
import { runInFolder } from './part-refusal.ts';

/** Messages up to this are fetched many at a time, larger ones in parts of it (BODY.PEEK[]<start.length>). */
const PART_BYTES = 512 * 1024;
/** The most that one FETCH of many messages may bring; one more is read ahead while its messages are stored. */
const BATCH_BYTES = 2 * 1024 * 1024;
const BATCH_MESSAGES = 200;
const BATCHES_HELD = 2;
/** Where the server sends no date that can be read: visibly wrong, and in doubt part of every window. */
const UNDATED = new Date(0);

/** What is known of a message before its content. */
interface Listed {
  item: ListedItem;
  uid: number;
  size: number;
  receivedAt: Date;
  /** A draft in a folder that shows all mail: the folder of drafts is not imported. */
  isDraft: boolean;
}

/** What has just been asked of messages that are to be fetched next, by UID: every answer costs, however short. */
export interface JustAsked {
  folder: string;
  generation: string;
  messages: ReadonlyMap<number, Omit<Listed, 'item'>>;
}

/** Fetches messages of one folder, without marking them as seen. A lost connection ends it as a `ProviderError`. */
export async function* fetchMessages(
  connection: ImapConnection,
  scope: ScopeReference,
  items: ListedItem[],
  justAsked: JustAsked | null,
): AsyncGenerator<FetchedMessage> {
  const found = await runInFolder(connection, scope.scope, () =>
    findMessages(connection, scope.scope, items, justAsked),
  );
  const there = new Set(found.map(({ item }) => item));
  for (const item of items) {
    if (!there.has(item)) yield { outcome: 'skipped', item, reason: 'gone' };
  }
  for (const { item } of found.filter(({ isDraft }) => isDraft))
    yield { outcome: 'skipped', item, reason: 'excluded_folder' };
  const folder = scope.name ?? scope.scope;
  const imported = found.filter(({ isDraft }) => !isDraft);
  const small = imported.filter(({ size }) => size <= PART_BYTES);
  const fetched = inOrder(batchesOf(small), BATCHES_HELD, async (batch) => ({
    batch,
    contents: await fetchBatch(connection, batch),
  }));
  for await (const { batch, contents } of fetched) {
    for (const listed of batch) {
      const content = contents.get(listed.uid);
      contents.delete(listed.uid); // what has been handed on is not held
      if (content !== undefined) yield toMessage(listed, folder, oneChunk(content));
      else yield await fetchAlone(connection, listed, folder);
    }
  }
  for (const listed of imported.filter(({ size }) => size > PART_BYTES)) {
    yield toMessage(listed, folder, readInParts(connection, listed));
  }
}

/** Of these, the ones that are still in the folder. */
export async function stillThere(
  connection: ImapConnection,
  scope: ScopeReference,
  items: ListedItem[],
): Promise<ListedItem[]> {
  const found = await runInFolder(connection, scope.scope, () => findMessages(connection, scope.scope, items));
  return found.map(({ item }) => item);
}

const IDENTIFYING_FIELDS = ['message-id', 'date', 'from', 'subject'];

/** What identifies these messages, of those that are still in the folder. */
export async function readHeaders(
  connection: ImapConnection,
  { scope }: ScopeReference,
  items: ListedItem[],
): Promise<Uint8Array[]> {
  return await connection.run('import', async () => {
    const opened = await connection.open(scope);
    if (opened === null || items.length === 0) return [];
    assertGenerations(opened.folder, items);
    const uids = items.map(({ providerId }) => Number(providerId));
    const told = await connection.flow.fetchAll(uids, { uid: true, headers: IDENTIFYING_FIELDS }, { uid: true });
    const byUid = told.flatMap(({ uid, headers }) => (headers ? [[uid, headers] as const] : []));
    return [...new Map(byUid).values()];
  });
}

/** Of these, the ones that the server received within the window, and all that it knows no date of. */
export async function within(
  connection: ImapConnection,
  { scope }: ScopeReference,
  items: ListedItem[],
  window: TimeWindow,
): Promise<{ items: ListedItem[]; justAsked: JustAsked | null }> {
  const [first] = items;
  if (first === undefined) return { items, justAsked: null };
  const found = await runInFolder(connection, scope, () => findMessages(connection, scope, items));
  const messages = new Map(
    found.map(({ uid, size, receivedAt, isDraft }) => [uid, { uid, size, receivedAt, isDraft }]),
  );
  const isOutside = ({ providerId }: ListedItem) => {
    const { receivedAt = UNDATED, isDraft = false } = messages.get(Number(providerId)) ?? {};
    if (isDraft) return true;
    return receivedAt.getTime() !== UNDATED.getTime() && (receivedAt < window.from || receivedAt > window.to);
  };
  // What has just vanished stays in as well: fetching it tells.
  const left = items.filter((item) => !isOutside(item));
  return { items: left, justAsked: { folder: scope, generation: first.generation, messages } };
}

async function findMessages(
  connection: ImapConnection,
  path: string,
  items: ListedItem[],
  justAsked: JustAsked | null = null,
): Promise<Listed[]> {
  const opened = await connection.open(path);
  if (opened === null || items.length === 0) return [];
  const { folder, isCurrent } = opened;
  assertGenerations(folder, items);
  const isKnown = justAsked?.folder === path && justAsked.generation === folder.uidValidity;
  const found = new Map(isKnown ? justAsked.messages : []);
  const unasked = items.map(({ providerId }) => Number(providerId)).filter((uid) => !found.has(uid));
  const query = { uid: true, internalDate: true, size: true, flags: connection.showsAll(path) };
  const answers = unasked.length === 0 ? [] : await connection.flow.fetchAll(unasked, query, { uid: true });
  for (const { uid, size, internalDate, flags } of answers) {
    // Servers tell of flags in the middle, and name a message a second time for it.
    const { size: sizeBefore = 0, receivedAt: dateBefore, isDraft: wasDraft = false } = found.get(uid) ?? {};
    const receivedAt = toDate(internalDate) ?? dateBefore ?? UNDATED;
    const isDraft = connection.showsAll(path) && (flags?.has('\\Draft') ?? wasDraft);
    found.set(uid, { uid, size: size ?? sizeBefore, receivedAt, isDraft });
  }
  const there = items.flatMap((item) => {
    const message = found.get(Number(item.providerId));
    return message ? [{ item, ...message }] : [];
  });
  if (there.length === items.length || isCurrent) return there;
  // A message is gone only if its folder is still the one that was opened.
  const current = await connection.examine(path);
  if (current === null) return [];
  assertGenerations(current, items);
  return there;
}

function assertGenerations(folder: ExaminedFolder, items: ListedItem[]): void {
  for (const { generation } of items) assertGeneration(folder, { uidvalidity: generation });
}

/** ImapFlow reads NIL as the beginning of time, and gives back as it is what it cannot read. */
function toDate(internalDate: Date | string | undefined): Date | null {
  return internalDate instanceof Date && internalDate.getTime() !== UNDATED.getTime() ? internalDate : null;
}

function* batchesOf(messages: Listed[]): Generator<Listed[]> {
  let batch: Listed[] = [];
  let bytes = 0;
  for (const listed of messages) {
    if (batch.length === BATCH_MESSAGES || (batch.length > 0 && bytes + listed.size > BATCH_BYTES)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(listed);
    bytes += listed.size;
  }
  if (batch.length > 0) yield batch;
}

/**
 * The contents that came, by UID. A refusal brings none: which message it was about is found one by one. A limit is no
 * message's, and ends the fetch.
 */
async function fetchBatch(connection: ImapConnection, batch: Listed[]): Promise<Map<number, Buffer>> {
  const sizes = new Map(batch.map(({ uid, size }) => [uid, size]));
  let messages: FetchMessageObject[] = [];
  try {
    messages = await connection.flow.fetchAll([...sizes.keys()], { uid: true, source: true }, { uid: true });
  } catch (error) {
    const understood = connection.understand('import', error);
    if (!connection.usable || !isOfOneMessage(understood)) throw understood;
  }
  return new Map(
    messages.flatMap(({ uid, source }) =>
      // ImapFlow's types know nothing of NIL, which it hands on as `false`.
      !Buffer.isBuffer(source) || contradicts(source.length, sizes.get(uid) ?? 0) ? [] : [[uid, source]],
    ),
  );
}

/** Whether a refusal may be about the message that was asked for: a limit is not. */
function isOfOneMessage(error: unknown): boolean {
  if (!(error instanceof ProviderError)) return false;
  return error.verdict.kind !== 'rate_limited' && error.verdict.retryAfterMs === null;
}

/**
 * Content of less than this share of its size (RFC822.SIZE) is not all of it. Servers give sizes that are a little off.
 */
const SHARE_OF_A_MESSAGE = 0.25;
/**
 * Of one that is read in parts more is asked for: an answer that is cut short is likelier than a size that is wrong.
 */
const SHARE_OF_PARTS = 0.75;

function contradicts(length: number, size: number, share = SHARE_OF_A_MESSAGE): boolean {
  return length === 0 ? size > 0 : length < size * share;
}

/** Of all that an answer says of the message, the content; null: none. */
async function fetchSource(
  connection: ImapConnection,
  uid: number,
  source: NonNullable<FetchQueryObject['source']>,
): Promise<Buffer | 'gone' | null> {
  const told = await connection.flow.fetchAll(String(uid), { uid: true, source }, { uid: true });
  const ofIt = told.filter((message) => message.uid === uid);
  return ofIt.length === 0 ? 'gone' : (ofIt.find((message) => message.source)?.source ?? null);
}

async function fetchAlone(connection: ImapConnection, listed: Listed, folder: string): Promise<FetchedMessage> {
  const { item, uid } = listed;
  try {
    const source = await fetchSource(connection, uid, true);
    if (source === 'gone') return { outcome: 'skipped', item, reason: 'gone' };
    if (source !== null && !contradicts(source.length, listed.size)) return toMessage(listed, folder, oneChunk(source));
    return { outcome: 'failed', item, error: new Error('the server sent no content, or far less than it announced') };
  } catch (error) {
    const understood = connection.understand('import', error);
    // What concerns the session concerns every message; only a server that still answers has refused this one.
    if (!connection.usable || !(understood instanceof Error) || !isOfOneMessage(understood)) throw understood;
    return { outcome: 'failed', item, error: understood };
  }
}

function toMessage(listed: Listed, folder: string, raw: AsyncIterable<Uint8Array>): FetchedMessage {
  const { item, receivedAt, size } = listed;
  return { outcome: 'message', item, mediaType: 'message/rfc822', raw, receivedAt, folder, sizeEstimate: size };
}

async function* oneChunk(content: Buffer): AsyncGenerator<Uint8Array> {
  yield content;
}

/**
 * A large message, part by part, until a part is empty: a server may answer with less than was asked for, and only an
 * empty part is the end. NIL is an empty part, too.
 */
async function* readInParts(connection: ImapConnection, { uid, size }: Listed): AsyncGenerator<Uint8Array> {
  for (let start = 0; ;) {
    const source = await connection.run('import', () => fetchSource(connection, uid, { start, maxLength: PART_BYTES }));
    const part = source === 'gone' ? null : (source ?? Buffer.alloc(0));
    // The rest must not pass for the whole: the next try finds out whether the message is gone.
    if (part === null || (part.length === 0 && contradicts(start, size, SHARE_OF_PARTS)))
      throw networkFailure(connection.server, 'import', new Error('the message vanished while it was read'));
    if (part.length === 0) return;
    yield part;
    // More than was asked for comes from a server that knows no parts and sent everything.
    if (part.length > PART_BYTES) return;
    start += part.length;
    if (start > 2 * size + PART_BYTES)
      throw networkFailure(connection.server, 'import', new Error('the message never ends'));
  }
}
