import { createHash } from 'node:crypto';
import type { MediaType } from '../../domain/messages/media-type.ts';
import { ProviderError } from '../../domain/verdict.ts';
import type { Envelope, FetchedMessage, ListedItem } from '../../providers/contract.ts';
import { failureCode } from '../failures.ts';
import { isOver } from '../import-run.ts';
import type { ImportRun, PageWork, Stretch } from '../import-run.ts';
import type { StoredContent } from './content.ts';
import { headerFingerprint } from './fingerprint.ts';
import { readEnvelope, readMessageHeaders } from './headers.ts';
import type { MessageHeaders } from './headers.ts';
import { findHeldMessages, holdMessage } from './held-content.ts';
import { keyOf } from './keys.ts';
import { MessagesWithheld, canBlame, refusalOf, withheld } from './witness.ts';

/** A message whose content is stored and whose row is not committed yet. */
export interface NewArrival {
  item: ListedItem;
  /** The provider's id that is shown. */
  providerId: string;
  mediaType: MediaType;
  revision: number;
  contentId: string;
  size: number;
  headers: Omit<MessageHeaders, 'identity'>;
  fingerprint: string;
  receivedAt: Date;
  folder: string;
}

type Refused = Extract<FetchedMessage, { outcome: 'failed' }>;

/** The result of a fetch, or a part of it. */
export interface Haul {
  arrivals: NewArrival[];
  skipped: { item: ListedItem; reason: string }[];
  /** Items that the provider could not return, while it returned others. */
  failed: { item: ListedItem; code: string }[];
  /** Items that the provider did not answer for. */
  unanswered: ListedItem[];
  /**
   * The last haul, and every item was requested. False when more hauls follow, time was over, or `error` ended the
   * fetch.
   */
  complete: boolean;
  /** The error that ended the fetch; thrown once the rest is committed. */
  error: unknown;
  /** Resolves once the arrivals' content is stored; rejects otherwise, and then they must not become visible. */
  stored: Promise<void>;
}

/** A haul ends at this many messages or after this time, which limits what a kill makes us fetch again. */
const HAUL_MESSAGES = 100;
const HAUL_MS = 5_000;

/**
 * Fetches items and stores their content, haul by haul, so that one can be committed while the next is fetched; yields
 * at least one haul. Messages from before an error are yielded first, so that every try makes progress.
 */
export async function* fetchHauls(run: ImportRun, work: PageWork, items: ListedItem[]): AsyncGenerator<Haul> {
  const left = new Map(items.map((item) => [keyOf(item), item]));
  const refused: Refused[] = [];
  let witness: ListedItem | null = null;
  let haul = newHaul();
  let beganAtMs = performance.now();
  try {
    for await (const fetched of fetchEach(run, work, items)) {
      if (fetched.outcome === 'failed') refused.push(fetched);
      else await take(haul, run, work, fetched);
      if (fetched.outcome === 'message') witness = fetched.item;
      left.delete(keyOf(fetched.item));
      if (left.size === 0) continue; // the fetch ends by itself
      if (isOver(run.stretch)) return yield handOver(run, haul);
      if (haul.arrivals.length < HAUL_MESSAGES && performance.now() - beganAtMs < HAUL_MS) continue;
      yield handOver(run, haul);
      [haul, beganAtMs] = [newHaul(), performance.now()];
    }
    if (refused.length > 0) haul.failed = await blame(run.stretch, work, refused, witness);
    haul.complete = true;
    haul.unanswered = [...left.values()];
  } catch (error) {
    if (left.size === items.length) throw error;
    haul.error = error;
  }
  yield handOver(run, haul);
}

async function* fetchEach(run: ImportRun, work: PageWork, items: ListedItem[]): AsyncGenerator<FetchedMessage> {
  const held = await findHeldMessages(run.stretch, { ...work, items });
  yield* held;
  const isHeld = new Set(held.map(({ item }) => keyOf(item)));
  const left = items.filter((item) => !isHeld.has(keyOf(item)));
  if (left.length > 0) yield* run.stretch.session.fetchMessages(work.scope, left);
}

const newHaul = (): Haul => ({
  arrivals: [],
  skipped: [],
  failed: [],
  unanswered: [],
  complete: false,
  error: null,
  stored: Promise.resolve(),
});

function handOver(run: ImportRun, haul: Haul): Haul {
  return { ...haul, stored: run.content.flush() };
}

/**
 * Blames messages for a refusal only when the account gives another one afterwards. Otherwise the refusal ends the
 * fetch as what it is, an outage or a limit, and no message is counted: bodies can be refused while all else works.
 */
async function blame(
  stretch: Stretch,
  work: PageWork,
  refused: Refused[],
  witness: ListedItem | null,
): Promise<Haul['failed']> {
  const isLimit = refused.some(({ error }) => error instanceof ProviderError && error.verdict.kind === 'rate_limited');
  const accused = refused.map(({ item }) => item);
  const last = refused.at(-1)?.error;
  if (isLimit) throw withheld(last);
  const mayBlame = await canBlame(stretch, work, accused, witness).catch((error: unknown) =>
    error instanceof MessagesWithheld ? false : Promise.reject(error),
  );
  if (!mayBlame) throw await refusalOf(stretch, work, last);
  return refused.map(({ item, error }) => {
    const code = failureCode(error);
    stretch.context.logger.warn({ importId: stretch.importId, item, code }, 'A message could not be fetched');
    return { item, code };
  });
}

async function take(
  haul: Haul,
  run: ImportRun,
  work: PageWork,
  fetched: Exclude<FetchedMessage, Refused>,
): Promise<void> {
  const { context } = run.stretch;
  switch (fetched.outcome) {
    case 'message': {
      const stored = await run.content.write(fetched.raw);
      if (work.counted) await holdMessage(run, work, fetched, stored);
      haul.arrivals.push(await understand(fetched, stored, await context.clock.now()));
      return;
    }
    case 'skipped':
      haul.skipped.push({ item: fetched.item, reason: fetched.reason });
  }
}

type Message = Extract<FetchedMessage, { outcome: 'message' }>;

async function understand(message: Message, content: StoredContent, now: Date): Promise<NewArrival> {
  const { item, mediaType, record, receivedAt, folder } = message;
  const { contentId, size } = content;
  const { providerId, revision } = record ?? { providerId: item.providerId, revision: 1 };
  const known = !Number.isNaN(receivedAt.getTime());
  const shown = { providerId, mediaType, revision, contentId, size, folder, receivedAt: known ? receivedAt : now };
  return { item, ...shown, ...(await recognize(message, content)) };
}

/** Mail is known again by its header fields, wherever it lies; a record by its id and state alone. */
async function recognize(
  { item, mediaType, envelope }: Message,
  { hash, beginning }: StoredContent,
): Promise<Pick<NewArrival, 'headers' | 'fingerprint'>> {
  if (mediaType !== 'message/rfc822') {
    return { headers: readEnvelope(envelope ?? NO_ENVELOPE), fingerprint: `r:${sha256(item.providerId)}` };
  }
  const { identity, ...headers } = await readMessageHeaders(beginning);
  return { headers, fingerprint: identity === null ? `c:${hash()}` : headerFingerprint(identity) };
}

const NO_ENVELOPE: Envelope = { subject: null, sender: null, recipients: [], date: null };

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
