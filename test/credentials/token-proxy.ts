import { once } from 'node:events';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** Stands between us and a provider's token endpoint, and can keep what the provider has answered. */
export interface TokenProxy {
  url: string;
  /** Requests that the provider has answered so far. */
  answered(): number;
  /** From now on an answer is taken from the provider, who has done its part, and goes no further. */
  hold(): void;
  /** Answers held back now. */
  held(): number;
  /** Throws the held answers away, and passes the next ones on. */
  drop(): void;
  close(): Promise<void>;
}

export async function startTokenProxy(target: string): Promise<TokenProxy> {
  let answered = 0;
  let isHolding = false;
  const held: ServerResponse[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const { 'content-type': contentType = '' } = request.headers;
      const body = await text(request);
      const answer = await fetch(target, { method: 'POST', headers: { 'content-type': contentType }, body });
      const answerBody = await answer.text();
      answered += 1;
      if (isHolding) return void held.push(response);
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answerBody);
    })();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    answered: () => answered,
    hold: () => {
      isHolding = true;
    },
    held: () => held.length,
    drop: () => {
      isHolding = false;
      for (const response of held.splice(0)) response.destroy();
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
