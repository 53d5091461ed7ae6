import type { Context } from '../runtime/context.ts';
import { KnownKeys } from './auth/known-keys.ts';
import { ChannelNews } from './feeds/channel-news.ts';
import { FeedNews } from './feeds/feed-news.ts';
import { Logos } from './branding/logo.ts';
import { Readiness } from './http/readiness.ts';
import { createRequestLimits } from './limits/request-limits.ts';
import type { RequestLimits } from './limits/request-limits.ts';
import { createTellAccounts } from '../push/tell-accounts.ts';
import type { TellAccounts } from '../push/tell-accounts.ts';
import { createTellChannels } from '../push/tell-channels.ts';
import type { TellChannels } from '../push/tell-channels.ts';
import { TokenNews } from './tokens/token-news.ts';

/** What a process of the API has beside the context: what it hears, knows and counts, once for all its requests. */
export interface ApiContext extends Context {
  tokenNews: TokenNews;
  feedNews: FeedNews;
  channelNews: ChannelNews;
  knownKeys: KnownKeys;
  limits: RequestLimits;
  tellChannels: TellChannels;
  tellAccounts: TellAccounts;
  logos: Logos;
  readiness: Readiness;
  /** Aborted when the process is asked to stop: streams end, waiters are sent away. */
  stopping: AbortSignal;
}

/** The context of one API process: it listens to the database once, for all its requests. */
export async function openApiContext(context: Context): Promise<ApiContext & { stop(): Promise<void> }> {
  const stopping = new AbortController();
  const tokenNews = new TokenNews(context);
  const feedNews = new FeedNews(context);
  const channelNews = new ChannelNews(context);
  const limits = createRequestLimits(context);
  const logos = new Logos(context.config.providers);
  const ends = await Promise.all([tokenNews.listen(), feedNews.listen(), channelNews.listen()]);
  return {
    ...context,
    tokenNews,
    feedNews,
    channelNews,
    knownKeys: new KnownKeys(context, limits.lookups),
    limits,
    tellChannels: createTellChannels(context),
    tellAccounts: createTellAccounts(context),
    logos,
    readiness: new Readiness(context),
    stopping: stopping.signal,
    /** Ends waiters and streams, whose clients reconnect to another process. */
    async stop() {
      stopping.abort();
      feedNews.wakeAll();
      limits.refusals.tell();
      await Promise.all([...ends.map((end) => end()), logos.close()]);
    },
  };
}
