import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';

import { ImapFlow, type ImapFlowOptions } from 'imapflow';

import { openClock } from '../../sandbox/clock.ts';
import { openConditions } from '../../sandbox/conditions.ts';
import { createImapProvider } from '../../sandbox/imap/imap.ts';
import { openPorts } from '../../sandbox/ports.ts';
import { openPostOffice } from '../../sandbox/post-office.ts';
import type { ProviderDeps, SandboxProvider } from '../../sandbox/provider.ts';
import { openRequestLog } from '../../sandbox/request-log.ts';

export interface TestImapServer {
  provider: SandboxProvider;
  deps: ProviderDeps;
  port: number;
  ca: string;
  /** Stops and starts it again on the same folder and port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** The IMAP provider alone, over real sockets, in a folder of its own. */
export async function startImapServer(): Promise<TestImapServer> {
  const dir = mkdtempSync(join(tmpdir(), 'sandbox-imap-'));
  const open = async () => {
    const deps = {
      dir,
      clock: openClock(dir),
      conditions: openConditions(dir),
      requests: openRequestLog(dir),
      ports: openPorts(dir),
      post: openPostOffice(new Map()),
      origin: 'http://127.0.0.1:1',
    };
    const provider = await createImapProvider(deps);
    const { port, ca_file: caFile } = provider.connection;
    return { deps, provider, port: Number(port), ca: readFileSync(String(caFile), 'utf8') };
  };
  const close = async () => {
    await server.provider.close();
    for (const part of [server.deps.clock, server.deps.conditions, server.deps.requests]) part.close();
  };
  const server: TestImapServer = {
    ...(await open()),
    async restart() {
      await close();
      Object.assign(server, await open());
    },
    async stop() {
      await close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return server;
}

export const password = 'correct horse';

/** A client of a person who has signed in. */
export async function signedIn(
  server: TestImapServer,
  email: string,
  options: Partial<ImapFlowOptions> = {},
): Promise<ImapFlow> {
  const client = imapFlow(server, email, options);
  await client.connect();
  return client;
}

export function imapFlow(server: TestImapServer, email: string, options: Partial<ImapFlowOptions> = {}): ImapFlow {
  const client = new ImapFlow({
    host: '127.0.0.1',
    port: server.port,
    secure: false,
    doSTARTTLS: true,
    auth: { user: email, pass: password },
    tls: { ca: server.ca },
    logger: false,
    ...options,
  });
  client.on('error', () => {});
  return client;
}

/** A raw dialogue: what is sent and said, byte for byte (as latin1). */
export class RawClient {
  #socket: Socket;
  #received = '';
  #wake: () => void = () => {};
  #closed = false;
  #tag = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  static async open(port: number): Promise<RawClient> {
    const client = new RawClient(connect(port, '127.0.0.1'));
    await client.until(/^\* .*\r\n/);
    return client;
  }

  /** Connected, encrypted and signed in. */
  static async signedIn(server: TestImapServer, email: string): Promise<RawClient> {
    const client = await RawClient.open(server.port);
    await client.startTls(server.ca);
    await client.command(`LOGIN ${email} "${password}"`);
    return client;
  }

  send(bytes: string | Buffer): void {
    this.#socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Waits until what was received and not yet taken matches, and takes it up to the end of the match. */
  async until(pattern: RegExp): Promise<string> {
    for (;;) {
      const match = pattern.exec(this.#received);
      if (match) {
        const end = match.index + match[0].length;
        const taken = this.#received.slice(0, end);
        this.#received = this.#received.slice(end);
        return taken;
      }
      if (this.#closed) throw new Error(`closed after ${JSON.stringify(this.#received)}, expected ${pattern}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Sends one command with a tag of its own and returns everything up to its tagged line. */
  async command(text: string): Promise<string> {
    const tag = `x${++this.#tag}`;
    this.send(`${tag} ${text}\r\n`);
    return this.until(new RegExp(`^${tag} .*\r\n`, 'm'));
  }

  async startTls(ca: string): Promise<void> {
    await this.command('STARTTLS');
    await this.handshake(ca);
  }

  /** The handshake alone: STARTTLS has been sent and answered. */
  async handshake(ca: string): Promise<void> {
    this.#socket.removeAllListeners('data');
    const encrypted = connectTls({ socket: this.#socket, ca, host: '127.0.0.1' });
    await new Promise<void>((resolve, reject) => encrypted.once('secureConnect', resolve).once('error', reject));
    this.#socket = encrypted;
    this.#listen();
  }

  /** What comes until the server hangs up. */
  async rest(): Promise<string> {
    while (!this.#closed) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#received;
  }

  close(): void {
    this.#socket.destroy();
  }

  #listen(): void {
    this.#socket.on('data', (chunk) => {
      this.#received += chunk.toString('latin1');
      this.#wake();
    });
    this.#socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
    this.#socket.on('error', () => {});
  }
}
