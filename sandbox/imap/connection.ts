import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';

import { CommandReader } from './wire/command-reader.ts';

const flushAbove = 65_536;
const handshakeMs = 20_000;

/** The bytes of one client: lines in, answers out, and TLS put around both. */
export class Connection {
  #socket: Socket;
  #reader: CommandReader;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #muted = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    // A peer that resets its connection is gone, which the reader notices; there is nothing to say about it.
    socket.on('error', () => socket.destroy());
    this.#reader = new CommandReader(socket);
  }

  get reader(): CommandReader {
    return this.#reader;
  }

  get encrypted(): boolean {
    return this.#socket instanceof TLSSocket;
  }

  get closed(): boolean {
    return this.#socket.destroyed || this.#socket.writableEnded;
  }

  /** Puts bytes into the answer; they leave at the next `flush`. */
  write(bytes: Buffer | string): void {
    const buffer = typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes;
    this.#pending.push(buffer);
    this.#pendingBytes += buffer.length;
  }

  line(text: string): void {
    this.write(`${text}\r\n`);
  }

  /** Whether so much has gathered that it should leave before more is made. */
  get full(): boolean {
    return this.#pendingBytes > flushAbove;
  }

  /** Sends what has gathered and waits while the client is slower than we are. */
  async flush(): Promise<void> {
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    if (this.#muted || this.closed || bytes.length === 0) return;
    if (this.#socket.write(bytes)) return;
    const stop = new AbortController();
    const gone = once(this.#socket, 'close', { signal: stop.signal });
    const drained = once(this.#socket, 'drain', { signal: stop.signal });
    await Promise.race([gone, drained]).catch(() => {});
    stop.abort();
    await Promise.allSettled([gone, drained]);
  }

  /** From now on nothing leaves any more: what is done is never answered. */
  mute(): void {
    this.#muted = true;
  }

  /** The server's side of a TLS handshake. What came unencrypted before it is forgotten. */
  async startTls(secureContext: SecureContext): Promise<void> {
    this.#reader.detach();
    const encrypted = new TLSSocket(this.#socket, { isServer: true, secureContext });
    encrypted.on('error', () => encrypted.destroy());
    this.#socket = encrypted;
    this.#reader = new CommandReader(encrypted);
    encrypted.setTimeout(handshakeMs, () => encrypted.destroy());
    await new Promise<void>((resolve) => encrypted.once('secure', resolve).once('close', resolve));
    encrypted.setTimeout(0);
  }

  /** Sends what has gathered and hangs up. */
  end(): void {
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    if (!this.closed) this.#socket.end(this.#muted ? '' : bytes);
    // A client that never closes its side must not keep ours open.
    const socket = this.#socket;
    setTimeout(() => socket.destroy(), 1000).unref();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
