import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** What a token endpoint does once it has the whole request. */
export type Behaviour = (socket: Socket) => void;

export interface HostileEndpoint {
  url: string;
  behave(behaviour: Behaviour): void;
  close(): Promise<void>;
}

/** A token endpoint that may do anything with the socket it was asked on. */
export async function startHostileEndpoint(): Promise<HostileEndpoint> {
  let current: Behaviour = answering('{}');
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    let received = '';
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('end', () => socket.end());
    socket.on('data', (data) => {
      received += data.toString();
      if (!isWhole(received)) return;
      received = '';
      current(socket);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    behave: (behaviour) => {
      current = behaviour;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function isWhole(request: string): boolean {
  const [head = '', body] = request.split('\r\n\r\n');
  return body !== undefined && body.length >= Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
}

const head = (headers: Record<string, string | number>, status = '200 OK') =>
  `HTTP/1.1 ${status}\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`;

/** A complete answer. */
export function answering(
  body: string | Buffer,
  headers: Record<string, string> = {},
  status: string = '200 OK',
): Behaviour {
  return (socket) => {
    const length = Buffer.byteLength(body);
    socket.write(head({ 'content-type': 'application/json', 'content-length': length, ...headers }, status));
    socket.write(body);
  };
}

/** An answer that ends after `sent` bytes, where it said there would be more. */
export const cutting =
  (body: string, sent: number): Behaviour =>
  (socket) => {
    socket.write(head({ 'content-type': 'application/json', 'content-length': body.length }));
    socket.end(body.slice(0, sent));
  };

/** So many bytes of nothing, as fast as they are taken. */
export const pouring =
  (bytes: number): Behaviour =>
  (socket) => {
    const piece = Buffer.alloc(65_536, 'a');
    let left = bytes;
    socket.write(head({ 'content-type': 'application/json', 'content-length': bytes }));
    const pour = (): void => {
      while (left > 0 && !socket.destroyed) {
        left -= piece.length;
        if (!socket.write(piece)) return;
      }
    };
    socket.on('drain', pour);
    pour();
  };

/** The answer, a byte a second. */
export const dripping =
  (body: string): Behaviour =>
  (socket) => {
    const bytes = [...Buffer.from(head({ 'content-type': 'application/json', 'content-length': body.length }) + body)];
    const timer = setInterval(() => {
      const byte = bytes.shift();
      if (byte !== undefined && !socket.destroyed) return void socket.write(Buffer.of(byte));
      clearInterval(timer);
    }, 1_000);
  };

export const resetting: Behaviour = (socket) => void socket.resetAndDestroy();

/** Says that nothing more will come, and goes on listening. */
export const halfClosing: Behaviour = (socket) => void socket.end();
