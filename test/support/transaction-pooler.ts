import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/*
 * A transaction-mode pooler between PostgreSQL's clients and a server that trusts this machine: a client has a
 * connection of the server's from the first message of a transaction to its end, and its next transaction has another
 * one whenever there is another. It keeps no prepared statements and forgets what a session was told.
 */

const CANCEL_OR_TLS = new Set([80_877_102, 80_877_103]);

interface Backend {
  socket: Socket;
  read: FrameReader;
}

/** Cuts a stream into PostgreSQL's messages: a type, a length, a body. */
class FrameReader {
  #rest = Buffer.alloc(0);

  *frames(chunk: Buffer): Generator<Buffer> {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 5) {
      const length = 1 + this.#rest.readUInt32BE(1);
      if (this.#rest.length < length) return;
      yield this.#rest.subarray(0, length);
      this.#rest = this.#rest.subarray(length);
    }
  }
}

const typeOf = (frame: Buffer) => String.fromCharCode(frame[0] ?? 0);

export async function startPooler(target: URL, backendsPerUser: number) {
  const pools = new Map<string, BackendPool>();
  const clients = new Set<Socket>();
  const server = createServer((socket) => {
    clients.add(socket.setNoDelay());
    socket.on('error', () => {});
    socket.once('close', () => clients.delete(socket));
    void serve(socket, (startup) => {
      const key = startup.toString('latin1');
      const pool = pools.get(key) ?? new BackendPool(target, startup, backendsPerUser);
      pools.set(key, pool);
      return pool;
    }).catch(() => socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      for (const socket of clients) socket.destroy();
      for (const pool of pools.values()) pool.close();
    },
  };
}

/** Connections of the server's for one user and database, the longest unused one first. */
class BackendPool {
  readonly #target: URL;
  readonly #startup: Buffer;
  readonly #most: number;
  readonly #all: Backend[] = [];
  readonly #idle: Backend[] = [];
  readonly #waiting: ((backend: Backend) => void)[] = [];
  #opened = 0;
  /** What the server says of itself after a login. */
  greeting = Buffer.alloc(0);

  constructor(target: URL, startup: Buffer, most: number) {
    this.#target = target;
    this.#startup = startup;
    this.#most = most;
  }

  async take(): Promise<Backend> {
    if (this.#opened < this.#most) {
      this.#opened++;
      return this.#open();
    }
    return this.#idle.shift() ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  release(backend: Backend): void {
    const next = this.#waiting.shift();
    if (next) next(backend);
    else this.#idle.push(backend);
  }

  close(): void {
    for (const { socket } of this.#all) socket.destroy();
  }

  async #open(): Promise<Backend> {
    const socket = connect(Number(this.#target.port), this.#target.hostname).setNoDelay();
    socket.on('error', () => {});
    const backend = { socket, read: new FrameReader() };
    this.#all.push(backend);
    socket.write(this.#startup);
    const greeting: Buffer[] = [];
    const isReady = Promise.withResolvers<void>();
    const greet = (chunk: Buffer) => {
      for (const frame of backend.read.frames(chunk)) {
        greeting.push(Buffer.from(frame));
        if (typeOf(frame) === 'E') isReady.reject(new Error(frame.toString()));
        if (typeOf(frame) === 'Z') isReady.resolve();
      }
    };
    socket.on('data', greet);
    await isReady.promise;
    socket.off('data', greet);
    this.greeting = Buffer.concat(greeting);
    return backend;
  }
}

async function serve(client: Socket, poolOf: (startup: Buffer) => BackendPool): Promise<void> {
  const startup = await readStartup(client);
  const pool = poolOf(startup);
  if (pool.greeting.length === 0) pool.release(await pool.take());
  client.write(pool.greeting);
  const read = new FrameReader();
  /** Resolves with the connection of the transaction that is open. */
  let lent: Promise<Backend> | null = null;
  /** Messages whose ReadyForQuery is still to come. */
  let unanswered = 0;
  const answer = (backend: Backend) => {
    const forward = (chunk: Buffer) => {
      for (const frame of backend.read.frames(chunk)) {
        client.write(frame);
        if (typeOf(frame) !== 'Z') continue;
        unanswered--;
        if (unanswered > 0 || String.fromCharCode(frame[5] ?? 0) !== 'I') continue;
        backend.socket.off('data', forward);
        lent = null;
        pool.release(backend);
      }
    };
    backend.socket.on('data', forward);
    return backend;
  };
  client.on('data', (chunk: Buffer) => {
    for (const frame of read.frames(chunk)) {
      const type = typeOf(frame);
      if (type === 'X') return;
      if (type === 'S' || type === 'Q') unanswered++;
      lent ??= pool.take().then(answer);
      const message = Buffer.from(frame);
      void lent.then(({ socket }) => socket.write(message));
    }
  });
}

/** The first message that is no request for TLS. */
async function readStartup(client: Socket): Promise<Buffer> {
  for (;;) {
    const [message] = (await once(client, 'data')) as [Buffer];
    if (!CANCEL_OR_TLS.has(message.readUInt32BE(4))) return message;
    client.write('N');
  }
}
