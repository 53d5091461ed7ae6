import { useEffect, useState } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import type { QueryClient } from '@tanstack/react-query';
import { EVENT_TYPES } from '../../domain/event.ts';
import { call } from './client.ts';
import { storeChannel, storeEvent } from './queries.ts';
import type { Channel } from '../../api/schemas/channels.ts';
import type { StreamedEvent } from '../../api/schemas/events.ts';

export type LiveState = 'connecting' | 'live' | 'interrupted';

const REOPEN_AFTER_MS = 3_000;
/** Browsers allow six connections a host over HTTP/1.1, so a hidden tab gives its one back. */
const CLOSE_HIDDEN_AFTER_MS = 60_000;
const GATHER_MS = 200;

/** Keeps everything on the pages up to date from `GET /v1/stream`, for as long as the component is mounted. */
export function useLive(): LiveState {
  const client = useQueryClient();
  const [state, setState] = useState<LiveState>('connecting');
  useEffect(() => openStream(client, setState), [client]);
  return state;
}

function openStream(client: QueryClient, tell: (state: LiveState) => void): () => void {
  const news = gatherNews(client);
  let source: EventSource | null = null;
  let timer: number | undefined;

  const close = () => {
    window.clearTimeout(timer);
    source?.close();
    source = null;
  };
  const open = () => {
    close();
    source = new EventSource(`/v1/stream`);
    source.addEventListener('open', () => {
      tell('live');
      // What happened before the stream was open, or while it was not.
      void client.invalidateQueries();
    });
    source.addEventListener('error', () => {
      tell('interrupted');
      // EventSource comes back by itself (with Last-Event-ID) unless the server refused it.
      if (source?.readyState !== EventSource.CLOSED) return;
      timer = window.setTimeout(open, REOPEN_AFTER_MS);
      void client.invalidateQueries({ queryKey: ['session'] });
    });
    // Whether the server names its events or calls them all `message`, each arrives once.
    for (const type of ['message', ...EVENT_TYPES]) {
      source.addEventListener(type, (message: MessageEvent<string>) => news(message.data));
    }
  };
  const onVisibility = () => {
    window.clearTimeout(timer);
    if (document.visibilityState === 'hidden') timer = window.setTimeout(close, CLOSE_HIDDEN_AFTER_MS);
    else if (source === null || source.readyState === EventSource.CLOSED) open();
  };

  open();
  document.addEventListener('visibilitychange', onVisibility);
  return () => {
    document.removeEventListener('visibilitychange', onVisibility);
    close();
  };
}

/** Events come in bursts; what they touch is loaded once per burst. */
function gatherNews(client: QueryClient): (data: string) => void {
  const touched = new Set<string>();
  let timer: number | undefined;
  const flush = () => {
    timer = undefined;
    for (const id of touched) void reload(client, id);
    touched.clear();
  };
  return (data) => {
    const event = JSON.parse(data) as StreamedEvent;
    storeEvent(client, event);
    if (event.channel) touched.add(event.channel);
    if (event.channel && event.type.startsWith('import.'))
      void client.invalidateQueries({ queryKey: ['imports', event.channel] });
    if (event.channel && event.type === 'message.received')
      void client.invalidateQueries({ queryKey: ['messages', event.channel] });
    timer ??= window.setTimeout(flush, GATHER_MS);
  };
}

async function reload(client: QueryClient, id: string): Promise<void> {
  try {
    storeChannel(client, await call<Channel>('GET', `/v1/channels/${encodeURIComponent(id)}`));
  } catch {
    // It may have been erased meanwhile; the lists say what is there.
    void client.invalidateQueries({ queryKey: ['channels'] });
  }
}
