import type { Socket } from 'node:net';

/** What went wrong below the level of commands; the connection is closed after `message` was said. */
export class ConnectionLimit extends Error {}

const lineLimit = 65_536;
const pauseAbove = 1_048_576;
const literalAtEnd = /\{(\d{1,12})(\+?)\}$/;
const lineEnd = Buffer.from('\r\n');

/** A client may send a literal only after this was said, unless it used LITERAL+ (RFC 7888). */
export type Continue = () => Promise<void>;

/**
 * One command, literals included, as bytes: `a LOGIN {3}` CRLF `ana x`; null once the peer is gone.
 * @throws ConnectionLimit when a literal is announced that takes the command over `limitBytes`
 */
export async function readCommand(
  reader: CommandReader,
  limitBytes: number,
  proceed: Continue,
): Promise<Buffer | null> {
  const parts: Buffer[] = [];
  let size = 0;
  for (;;) {
    const line = await reader.readLine();
    if (!line) return null;
    const announced = literalAtEnd.exec(line.toString('latin1', Math.max(0, line.length - 20)));
    parts.push(line);
    if (!announced) return parts.length === 1 ? line : Buffer.concat(parts);
    const length = Number(announced[1]);
    size += line.length + length;
    if (size > limitBytes) throw new ConnectionLimit('Literal size too large');
    if (announced[2] === '') await proceed();
    const block = await reader.readBytes(length);
    if (!block) return null;
    parts.push(lineEnd, block);
  }
}

/** Turns the bytes of a socket into lines and counted blocks, on demand. One reader at a time. */
export class CommandReader {
  #socket: Socket;
  #chunks: Buffer[] = [];
  #buffered = 0;
  #ended = false;
  #wake: (() => void) | null = null;
  readonly #onData = (chunk: Buffer): void => this.#push(chunk);
  readonly #onEnd = (): void => this.#finish();

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onEnd);
  }

  /** Stops listening and forgets what was not read: bytes sent before a TLS handshake must never count after it. */
  detach(): void {
    this.#socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onEnd);
    this.#socket.pause();
    this.#chunks = [];
    this.#buffered = 0;
  }

  /** The next line without its end (CRLF, or a bare LF as most servers tolerate), or null once the peer is gone. */
  async readLine(): Promise<Buffer | null> {
    let searched = 0;
    for (;;) {
      const bytes = this.#joined();
      const end = bytes.indexOf(0x0a, searched);
      if (end > lineLimit || (end < 0 && bytes.length > lineLimit)) throw new ConnectionLimit('Too long line');
      if (end >= 0) {
        const line = this.#take(end + 1);
        return line.subarray(0, line[end - 1] === 0x0d ? end - 1 : end);
      }
      searched = bytes.length;
      if (!(await this.#more())) return null;
    }
  }

  /** Exactly `count` bytes, or null once the peer is gone. */
  async readBytes(count: number): Promise<Buffer | null> {
    while (this.#buffered < count) if (!(await this.#more())) return null;
    this.#joined();
    return this.#take(count);
  }

  #push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    // Without a waiting reader, TCP holds back a peer that keeps sending.
    if (this.#buffered > pauseAbove && !this.#wake) this.#socket.pause();
    this.#wake?.();
  }

  #finish(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async #more(): Promise<boolean> {
    if (this.#ended) return false;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#socket.resume();
    });
    this.#wake = null;
    return this.#chunks.length > 0 && !(this.#ended && this.#buffered === 0);
  }

  #joined(): Buffer {
    if (this.#chunks.length !== 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  #take(count: number): Buffer {
    const bytes = this.#joined();
    this.#chunks = [bytes.subarray(count)];
    this.#buffered -= count;
    return bytes.subarray(0, count);
  }
}
