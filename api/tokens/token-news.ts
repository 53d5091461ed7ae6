import type { Context } from '../../runtime/context.ts';
import { findChannel } from '../../db/channels/channels.ts';
import type { ChannelRow } from '../../db/channels/channels.ts';
import { findCredentialState } from '../../db/credentials/credentials.ts';
import type { CredentialRow } from '../../db/credentials/credentials.ts';
import type { Status } from '../../domain/channel.ts';
import { CREDENTIALS_TOPIC } from '../../domain/notify-topics.ts';

/** What a reader who waits has to know; the token itself is read by each reader, with its own audit row. */
export interface TokenFacts {
  status: Status;
  version: number;
  refused: boolean;
  /** A refresh is wanted and has not ended yet. */
  isRefreshWanted: boolean;
  failures: number;
  /** A failing provider is not asked again before this. */
  heldUntil: Date | null;
}

interface Waiting {
  tenantId: string;
  readers: number;
  /** Settles at the next news; null when the row could not be read. */
  news: PromiseWithResolvers<TokenFacts | null>;
  /** The refresh that these readers have asked for; null once there was news since. */
  asked: Promise<TokenFacts | null> | null;
  isLooking: boolean;
  isStale: boolean;
}

export interface TokenReader {
  /** The next news; take it before doing what causes news, so that none is missed. */
  next(): Promise<TokenFacts | null>;
  /** Asks for a refresh, or shares the answer of the reader that has asked since the last news. */
  ask(write: () => Promise<TokenFacts | null>): Promise<TokenFacts | null>;
  end(): void;
}

/**
 * One LISTEN for all readers of a process. News of a channel is read once and shared by everybody who waits for it:
 * a thousand readers of one expired token cost one look, not a thousand.
 */
export class TokenNews {
  readonly #context: Pick<Context, 'database' | 'logger'>;
  readonly #channels = new Map<string, Waiting>();

  constructor(context: Pick<Context, 'database' | 'logger'>) {
    this.#context = context;
  }

  /** Starts listening; returns what ends it. */
  listen(): Promise<() => Promise<void>> {
    return this.#context.database.listen(CREDENTIALS_TOPIC, (channelId) => {
      // After a reconnect some may have been missed.
      const heard = channelId === '' ? [...this.#channels.keys()] : [channelId];
      for (const id of heard) void this.#look(id);
    });
  }

  join(tenantId: string, channelId: string): TokenReader {
    const waiting = this.#channels.get(channelId) ?? newWaiting(tenantId);
    this.#channels.set(channelId, waiting);
    waiting.readers += 1;
    return {
      next: () => waiting.news.promise,
      ask: (write) => (waiting.asked ??= write()),
      end: () => {
        waiting.readers -= 1;
        if (waiting.readers === 0) this.#channels.delete(channelId);
      },
    };
  }

  async #look(channelId: string): Promise<void> {
    const waiting = this.#channels.get(channelId);
    if (!waiting) return;
    waiting.isStale = true;
    if (waiting.isLooking) return;
    waiting.isLooking = true;
    while (waiting.isStale && waiting.readers > 0) {
      waiting.isStale = false;
      const facts = await this.#read(waiting.tenantId, channelId);
      const { resolve } = waiting.news;
      waiting.news = Promise.withResolvers();
      waiting.asked = null;
      resolve(facts);
    }
    waiting.isLooking = false;
  }

  async #read(tenantId: string, channelId: string): Promise<TokenFacts | null> {
    try {
      return await this.#context.database.inTenant(tenantId, async (tx) => {
        const channel = await findChannel(tx, channelId);
        const credential = await findCredentialState(tx, channelId);
        return channel && tokenFacts(channel, credential);
      });
    } catch (error) {
      this.#context.logger.warn({ err: error, channelId }, 'A change of a credential could not be read');
      return null;
    }
  }
}

function newWaiting(tenantId: string): Waiting {
  return { tenantId, readers: 0, news: Promise.withResolvers(), asked: null, isLooking: false, isStale: false };
}

export function tokenFacts(
  channel: Pick<ChannelRow, 'status' | 'credentialVersion' | 'refreshRequestedAt' | 'failures' | 'trouble' | 'retryAt'>,
  credential: Pick<CredentialRow, 'version' | 'accessTokenRefusedAt'> | null,
): TokenFacts {
  return {
    status: channel.status,
    version: credential?.version ?? channel.credentialVersion,
    refused: Boolean(credential?.accessTokenRefusedAt),
    isRefreshWanted: channel.refreshRequestedAt !== null,
    failures: channel.failures,
    heldUntil: channel.trouble === 'credential' ? channel.retryAt : null,
  };
}
