import { ProviderError } from '../../domain/verdict.ts';
import type { ExchangeClient } from './client.ts';
import { assertOk, unexpectedAnswer } from './soap/refusal.ts';
import type { XmlNode } from './soap/node.ts';
import { getStreamingEvents, subscribe } from './soap/request.ts';

/** Exchange tells every 45 s that it is still there; twice that without a word is a stream that is broken or held back. */
export const SILENCE_MS = 90_000;
/** Exchange ends a stream after 30 minutes at the latest. */
const STREAM_MINUTES = 29;
/** Codes of a subscription that names a folder which is closed to the login. */
const CLOSED = /^Error(Subscription)?AccessDenied$/;
/** A stream that ends sooner is short; so many in a row are a failure, or the server would be asked without end. */
const SHORT_MS = 60_000;
const MOST_SHORT = 3;

interface Listening {
  client: ExchangeClient;
  /** The folders of a mailbox that is not the login's own, the inbox first; null: all of the login's own mailbox. */
  folders: string[] | null;
  /** Folders that are not imported, such as Drafts and Deleted Items: a message there is no news. */
  others: Set<string>;
  /** The longest silence of a stream, in ms. */
  silenceMs: number;
  signal: AbortSignal;
}

type Ending = 'unsupported' | 'declined';

/**
 * Holds a stream of notifications, and calls `heard` when it stands and at every change that may have brought a message.
 * A subscription lives in the memory of one server: one that is lost is replaced, and what came meanwhile is asked for.
 */
export async function listenToMailbox(listening: Listening, heard: () => void): Promise<Ending> {
  let hasStood = false;
  for (let short = 0; ;) {
    const opened = await openSubscription(listening);
    if ('ending' in opened) return opened.ending;
    let isTold = false;
    const tell = () => {
      isTold = hasStood = true;
      heard();
    };
    for (let isLost = false; !isLost;) {
      const beganAtMs = performance.now();
      const end = await follow(listening, opened.id, { isTold, hasStood, heard: tell });
      if (end === 'declined') return end;
      short = performance.now() - beganAtMs < SHORT_MS ? short + 1 : 0;
      if (short >= MOST_SHORT) throw unexpectedAnswer('GetStreamingEvents', 'api', 'streams end at once');
      isLost = end === 'lost';
    }
  }
}

/** One closed folder refuses a subscription as a whole. The inbox is then told of alone; polls ask the other folders. */
async function openSubscription({
  client,
  folders,
}: Pick<Listening, 'client' | 'folders'>): Promise<{ id: string } | { ending: Ending }> {
  try {
    const { message } = await client.askOne(subscribe(folders), 'api');
    const id = message.textAt('SubscriptionId');
    if (id) return { id };
  } catch (error) {
    const isClosed = error instanceof ProviderError && CLOSED.test(error.verdict.providerCode ?? '');
    if (isClosed && folders !== null && folders.length > 1) {
      return await openSubscription({ client, folders: folders.slice(0, 1) });
    }
    const ending = refusalOfStreams(error);
    if (ending !== null) return { ending };
    throw error;
  }
  throw unexpectedAnswer('Subscribe', 'api', 'the answer names no subscription');
}

/** Reads one stream to its end. `closed`: the server ended it in order; `lost`: the subscription is gone. */
async function follow(
  { client, others, silenceMs, signal }: Listening,
  subscription: string,
  { isTold, hasStood, heard }: { isTold: boolean; hasStood: boolean; heard: () => void },
): Promise<'closed' | 'lost' | 'declined'> {
  let isOpen = false;
  try {
    const request = getStreamingEvents(subscription, STREAM_MINUTES);
    for await (const messages of client.follow(request, { silenceMs, signal })) {
      const events = messages.flatMap((message) => eventsIn(assertOk(request.name, 'api', message)));
      const news = events.filter((event) => isNews(event, others));
      // No stream tells of messages that came before the subscription.
      if ((!isOpen && !isTold) || news.length > 0) heard();
      isOpen = true;
      if (messages.some((message) => message.textAt('ConnectionStatus') === 'Closed')) return 'closed';
    }
  } catch (error) {
    if (error instanceof ProviderError && error.verdict.kind === 'cursor_expired') return 'lost';
    const isDeclined = refusalOfStreams(error) !== null || (!hasStood && isHeldBack(error));
    if (!isOpen && isDeclined) return 'declined';
    throw error;
  }
  throw unexpectedAnswer('GetStreamingEvents', 'api', 'the stream ends early');
}

/** The events in a message, without the signs of life. */
function eventsIn(message: XmlNode): XmlNode[] {
  const notifications = message.at('Notifications')?.children ?? [];
  return notifications.flatMap(({ children }) =>
    children.filter(({ name }) => name.endsWith('Event') && name !== 'StatusEvent'),
  );
}

/**
 * Whether an event may be of a message that is imported. A folder that leaves one of `others`, Deleted Items say, is imported
 * from then on, with those below it: `others` no longer holds, and every event is news.
 */
function isNews(event: XmlNode, others: Set<string>): boolean {
  if (others.has(event.idAt('ParentFolderId') ?? '')) return false;
  if (event.at('FolderId') && others.has(event.idAt('OldParentFolderId') ?? '')) others.clear();
  return true;
}

/** Whether the server refuses streams alone, for now or for good; null: the error is about the account, or the server. */
function refusalOfStreams(error: unknown): Ending | null {
  if (!(error instanceof ProviderError)) return null;
  const { kind, providerCode } = error.verdict;
  if (kind === 'rate_limited' && providerCode?.startsWith('ErrorExceeded')) return 'declined';
  if (providerCode?.startsWith('Error') !== true) return null;
  // A right that is missing may soon be given.
  if (kind === 'admin_action') return 'declined';
  return kind === 'misconfigured' ? 'unsupported' : null;
}

/**
 * A proxy keeps the answer until it is whole: the first envelope, which comes at once, never arrives. Any other time-out is
 * one of the network.
 */
function isHeldBack(error: unknown): boolean {
  if (!(error instanceof ProviderError) || !(error.cause instanceof Error)) return false;
  const { code } = error.cause as NodeJS.ErrnoException;
  return code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT';
}
