import type { Socket } from 'node:net';
import { accountKey } from '../../account-key.ts';
import type { AccountRow } from '../rows.ts';
import type { Handshake } from './ntlm.ts';

/** What the server knows of a connection: NTLM signs in a connection, not a request. */
export interface ConnectionState {
  /** Between the server's challenge and the client's answer. */
  handshake: Handshake | null;
  /** Who has signed in on it, by key, and how. */
  login: { readonly email: string; readonly scheme: 'NTLM' | 'Basic' } | null;
}

/** The open connections of all clients. */
export class Connections {
  readonly #open = new Map<Socket, ConnectionState>();

  opened(socket: Socket): void {
    this.#open.set(socket, { handshake: null, login: null });
    socket.once('close', () => this.#open.delete(socket));
    // A peer that resets its connection is gone, and there is nothing to say about it.
    socket.on('error', () => socket.destroy());
  }

  stateOf(socket: Socket): ConnectionState {
    return this.#open.get(socket) ?? { handshake: null, login: null };
  }

  /** How many an account has signed in on. */
  signedIn({ email }: AccountRow): number {
    return [...this.#open.values()].filter(({ login }) => login?.email === accountKey(email)).length;
  }

  /** Of one account, or of all. */
  hangUp(account: AccountRow | null): void {
    for (const [socket, { login }] of this.#open) {
      if (account === null || login?.email === accountKey(account.email)) socket.destroy();
    }
  }
}
