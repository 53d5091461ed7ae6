import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Api } from './api.ts';

/**
 * An address of our own that a provider posts to. It is known before the API is there, as a public address is, and keeps
 * what was posted. It answers 503 while there is no API.
 */
export async function openPublicAddress() {
  const bodies: string[] = [];
  let api: Pick<Api, 'request'> | null = null;
  const server = createServer((request, response) => {
    void (async () => {
      const body = await text(request);
      if (body !== '') bodies.push(body);
      const headers = { 'content-type': request.headers['content-type'] ?? 'application/json' };
      const answer = await api?.request('POST', request.url ?? '/', { body, headers }).catch(() => null);
      response.writeHead(answer?.status ?? 503, {
        'content-type': answer?.headers.get('content-type') ?? 'text/plain',
      });
      response.end(answer?.text);
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    answerBy(answering: Pick<Api, 'request'>): void {
      api = answering;
    },
    close: () => server.close(),
  };
}
export type PublicAddress = Awaited<ReturnType<typeof openPublicAddress>>;
