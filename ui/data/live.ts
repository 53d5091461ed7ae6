import { useEffect, useState } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import type { QueryClient } from '@tanstack/react-query';
import { EVENT_TYPES } from '../../domain/event.ts';
import { call } from './client.ts';
import { storeChannel, storeEvent } from './queries.ts';
import type { Channel } from '../../api/schemas/channels.ts';
import type { StreamedEvent } from '../../api/schemas/events.ts';

/** `silent`: the stream brings nothing, not even heartbeats. */
export type LiveState = 'connecting' | 'live' | 'interrupted' | 'silent';

export interface Live {
  state: LiveState;
  /** When the stream last brought something, in ms. */
  heardAt: number;
}

const HEARTBEAT_S = 2;
/** Two heartbeats may be late before the stream counts as dead, in ms. */
const SILENT_AFTER_MS = 5_000;
const REOPEN_AFTER_MS = 3_000;
/** Browsers allow six connections a host over HTTP/1.1, so a hidden tab gives its one back. */
const CLOSE_HIDDEN_AFTER_MS = 60_000;
const GATHER_MS = 200;

/** Keeps everything on the pages up to date from `GET /v1/stream`, for as long as the component is mounted. */
export function useLive(): Live {
  const client = useQueryClient();
  const [live, setLive] = useState<Live>({ state: 'connecting', heardAt: Date.now() });
  useEffect(() => openStream(client, setLive), [client]);
  return live;
}

function openStream(client: QueryClient, tell: (live: Live) => void): () => void {
  const stream = new Stream({ client, tell, news: gatherNews(client) });
  const onVisibility = () => (document.visibilityState === 'hidden' ? stream.closeLater() : stream.openIfClosed());
  // The network came or went: a stream that looks open may be dead.
  const onNetwork = () => {
    if (document.visibilityState === 'visible') stream.open();
  };
  stream.openIfClosed();
  document.addEventListener('visibilitychange', onVisibility);
  for (const change of ['online', 'offline']) window.addEventListener(change, onNetwork);
  return () => {
    document.removeEventListener('visibilitychange', onVisibility);
    for (const change of ['online', 'offline']) window.removeEventListener(change, onNetwork);
    stream.close();
  };
}

interface StreamUse {
  client: QueryClient;
  tell: (live: Live) => void;
  news: News;
}

/** The stream of events, opened again whenever it ends, and whenever nothing comes any more. */
class Stream {
  readonly #use: StreamUse;
  #live: Live = { state: 'connecting', heardAt: Date.now() };
  #source: EventSource | null = null;
  #timer: number | undefined;
  #watchdog: number | undefined;

  constructor(use: StreamUse) {
    this.#use = use;
  }

  openIfClosed(): void {
    window.clearTimeout(this.#timer);
    if (this.#source !== null && this.#source.readyState !== EventSource.CLOSED) return;
    this.#watch();
    this.open();
  }

  closeLater(): void {
    window.clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.close(), CLOSE_HIDDEN_AFTER_MS);
  }

  close(): void {
    window.clearTimeout(this.#watchdog);
    this.#drop();
  }

  open(): void {
    this.#drop();
    const source = new EventSource(`/v1/stream?heartbeat_s=${HEARTBEAT_S}&changes=true`);
    this.#source = source;
    source.addEventListener('open', () => {
      this.#heard();
      // What happened before the stream was open, or while it was not.
      void this.#use.client.invalidateQueries();
    });
    source.addEventListener('heartbeat', () => this.#heard());
    source.addEventListener('error', () => this.#broke(source));
    // Whether the server names its events or calls them all `message`, each arrives once.
    for (const type of ['message', ...EVENT_TYPES]) {
      source.addEventListener(type, (message: MessageEvent<string>) => this.#use.news.event(message.data));
    }
    source.addEventListener('changed', (message: MessageEvent<string>) => this.#use.news.changed(message.data));
  }

  #drop(): void {
    window.clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #broke(source: EventSource): void {
    if (this.#live.state === 'live') this.#become('interrupted');
    // EventSource comes back by itself (with Last-Event-ID) unless the server refused it.
    if (source.readyState !== EventSource.CLOSED) return;
    this.#timer = window.setTimeout(() => this.open(), REOPEN_AFTER_MS);
    void this.#use.client.invalidateQueries({ queryKey: ['session'] });
  }

  #heard(): void {
    this.#become('live');
    this.#watch();
  }

  #watch(): void {
    window.clearTimeout(this.#watchdog);
    this.#watchdog = window.setTimeout(() => {
      this.#become('silent');
      this.#watch();
      this.open(); // the connection may be dead without the browser knowing
    }, SILENT_AFTER_MS);
  }

  /** Tells of another state; a heartbeat only moves the time. */
  #become(state: LiveState): void {
    const isNew = state !== this.#live.state;
    this.#live = { state, heardAt: state === 'live' ? Date.now() : this.#live.heardAt };
    if (isNew) this.#use.tell(this.#live);
  }
}

interface News {
  event(data: string): void;
  /** A channel shows something else without an event, such as a cause that is named later. */
  changed(data: string): void;
}

/** Events come in bursts; what they touch is loaded once per burst. */
function gatherNews(client: QueryClient): News {
  const touched = new Set<string>();
  let timer: number | undefined;
  const flush = () => {
    timer = undefined;
    for (const id of touched) void reload(client, id);
    touched.clear();
  };
  const touch = (channel: string) => {
    touched.add(channel);
    timer ??= window.setTimeout(flush, GATHER_MS);
  };
  const tell = (event: StreamedEvent) => {
    storeEvent(client, event);
    if (event.channel) touch(event.channel);
    if (event.type.startsWith('incident.')) void client.invalidateQueries({ queryKey: ['incidents'] });
    if (event.channel && event.type.startsWith('import.'))
      void client.invalidateQueries({ queryKey: ['imports', event.channel] });
    if (event.channel && event.type === 'message.received')
      void client.invalidateQueries({ queryKey: ['messages', event.channel] });
  };
  return {
    event: (data) => tell(JSON.parse(data) as StreamedEvent),
    changed(data) {
      touch((JSON.parse(data) as { channel: string }).channel);
      void client.invalidateQueries({ queryKey: ['incidents'] });
    },
  };
}

async function reload(client: QueryClient, id: string): Promise<void> {
  try {
    storeChannel(client, await call<Channel>('GET', `/v1/channels/${encodeURIComponent(id)}`));
  } catch {
    // It may have been erased meanwhile; the lists say what is there.
    void client.invalidateQueries({ queryKey: ['channels'] });
    void client.invalidateQueries({ queryKey: ['channel-pages'] });
  }
}
