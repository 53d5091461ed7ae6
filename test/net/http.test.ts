import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createHttp } from '../../net/http.ts';

const NEVER = new AbortController().signal;
const MEBIBYTE = 1024 * 1024;

type Serve = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/* Over a real server, which notes the socket that each request came by. */
let server: Server;
let url: URL;
let serve: Serve;
let sockets: number[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    sockets.push(request.socket.remotePort ?? 0);
    void serve(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mail`);
});
afterEach(() => (sockets = []));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const http = createHttp();
const ask = { operation: 'api', signal: NEVER } as const;
const get = () => ({ ...ask, url, method: 'GET' }) as const;

/** Sets cookies, and answers with those that came. */
const setting =
  (...cookies: string[]): Serve =>
  (request, response) => {
    response.setHeader('set-cookie', cookies);
    response.end(request.headers.cookie ?? '');
  };

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

it.each([
  ['PATCH', '{"expirationDateTime":"2026-12-02"}'],
  ['DELETE', undefined],
] as const)('sends %s with what belongs to it', async (method, body) => {
  serve = async (request, response) => {
    response.end(JSON.stringify([request.method, await textOf(request)]));
  };
  const answer = await http.send({ ...ask, url, method, ...(body === undefined ? {} : { body }) });
  expect(JSON.parse(answer.body)).toEqual([method, body ?? '']);
});

describe('a body in pieces', () => {
  it('is on its way before it is whole', async () => {
    const arrived = Promise.withResolvers<string>();
    serve = async (request, response) => {
      const chunks: string[] = [];
      for await (const chunk of request) {
        chunks.push(String(chunk));
        arrived.resolve(chunks.join(''));
      }
      response.end(chunks.join(''));
    };
    async function* pieces() {
      yield Buffer.from('From: ana@example.com\r\n');
      yield Buffer.from(`X-Seen: ${(await arrived.promise).length}\r\n`);
    }
    const answer = await http.send({ ...ask, url, method: 'POST', body: pieces() });
    expect(answer.body).toBe('From: ana@example.com\r\nX-Seen: 23\r\n');
  });

  it('is read no faster than the server takes it', async () => {
    let made = 0;
    async function* pieces() {
      while (made < 64) {
        made++;
        yield Buffer.alloc(MEBIBYTE);
      }
    }
    const madeMeanwhile = Promise.withResolvers<number>();
    serve = async (request, response) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      madeMeanwhile.resolve(made);
      await textOf(request);
      response.end('taken');
    };
    expect((await http.send({ ...ask, url, method: 'POST', body: pieces() })).body).toBe('taken');
    expect(await madeMeanwhile.promise).toBeLessThan(32);
    expect(made).toBe(64);
  });

  it('comes down as the server sends it', async () => {
    const goOn = Promise.withResolvers<void>();
    serve = async (_request, response) => {
      response.write('first');
      await goOn.promise;
      response.end('second');
    };
    const answer = await http.stream(get());
    const read = [];
    for await (const chunk of answer.body) {
      read.push(Buffer.from(chunk).toString());
      goOn.resolve();
    }
    expect(read.join(' ')).toBe('first second');
  });
});

describe('cookies', () => {
  it('are a session’s own: sent back as they came, seen by no other, dropped when the server says so', async () => {
    const [session, other] = [http.openSession(), http.openSession()];
    serve = setting('X-BackEndOverrideCookie=mbx%2D1~a=b; path=/; secure; HttpOnly', 'exchangecookie=1');
    expect((await session.send(get())).body).toBe('');
    for (const stranger of [other, http]) expect((await stranger.send(get())).body).toBe('');
    serve = setting('exchangecookie=; expires=Thu, 01-Jan-1970 00:00:00 GMT');
    expect((await session.send(get())).body).toBe('X-BackEndOverrideCookie=mbx%2D1~a=b; exchangecookie=1');
    expect((await session.send(get())).body).toBe('X-BackEndOverrideCookie=mbx%2D1~a=b');
  });

  it('are in no answer, and go to the origin that set them alone', async () => {
    const session = http.openSession();
    serve = setting('affinity=1');
    expect((await session.send(get())).headers).not.toHaveProperty('set-cookie');
    const elsewhere = createServer((request, response) => response.end(request.headers.cookie ?? 'none'));
    elsewhere.listen(0, '127.0.0.1');
    await once(elsewhere, 'listening');
    const { port } = elsewhere.address() as AddressInfo;
    const answer = await session.send({ ...get(), url: new URL(`http://127.0.0.1:${port}/`) });
    expect(answer.body).toBe('none');
    elsewhere.closeAllConnections();
    elsewhere.close();
  });

  it('without end are not all kept', async () => {
    const session = http.openSession();
    serve = setting(...Array.from({ length: 200 }, (_, i) => `c${i}=1`));
    await session.send(get());
    expect((await session.send(get())).body.split('; ')).toHaveLength(50);
  });
});

describe('a session with its own connection', () => {
  it('asks everything over it, one after the other, and shares it with nobody', async () => {
    serve = async (_request, response) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      response.end('ok');
    };
    const [session, other] = [http.openSession({ ownConnection: true }), http.openSession({ ownConnection: true })];
    await Promise.all(Array.from({ length: 5 }, () => session.send(get())));
    await session.send(get());
    const own = new Set(sockets);
    expect(own.size).toBe(1);
    sockets = [];
    await Promise.all([other.send(get()), http.send(get()), http.openSession().send(get())]);
    expect(sockets.filter((socket) => own.has(socket))).toEqual([]);
    await session.close();
    await other.close();
  });

  it('ends it when it is closed; a session that shares connections leaves them to the others', async () => {
    serve = (_request, response) => void response.end('ok');
    const session = http.openSession({ ownConnection: true });
    const closed = new Promise((resolve) => server.once('connection', (socket) => socket.once('close', resolve)));
    await session.send(get());
    await session.close();
    await closed;
    const sharing = http.openSession();
    await sharing.send(get());
    await sharing.close();
    expect((await http.send(get())).body).toBe('ok');
  });
});
