import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** A TCP line to the database that can be cut. */
export async function lineTo(target: URL) {
  let isWhole = true;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    if (!isWhole) return void near.destroy();
    const far = connect(Number(target.port), target.hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => other.destroy());
      socket.pipe(other);
    }
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const url = new URL(target);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    cut() {
      isWhole = false;
      for (const socket of sockets) socket.destroy();
      sockets.clear();
    },
    mend: () => void (isWhole = true),
    close: () => server.close(),
  };
}
