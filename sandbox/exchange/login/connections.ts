import type { Socket } from 'node:net';
import { accountKey } from '../../account-key.ts';
import type { AccountRow } from '../rows.ts';
import type { Handshake } from './ntlm.ts';

/** The server's state of a connection: NTLM signs in a connection, not a request. */
export interface ConnectionState {
  /** The handshake between the server's challenge and the client's answer. */
  handshake: Handshake | null;
  /** The signed-in account, by key, and the scheme. */
  login: { readonly email: string; readonly scheme: 'NTLM' | 'Basic' } | null;
}

/** The open connections of all clients. */
export class Connections {
  readonly #open = new Map<Socket, ConnectionState>();

  opened(socket: Socket): void {
    this.#open.set(socket, { handshake: null, login: null });
    socket.once('close', () => this.#open.delete(socket));
    // A reset by the peer is no error of the server.
    socket.on('error', () => socket.destroy());
  }

  stateOf(socket: Socket): ConnectionState {
    return this.#open.get(socket) ?? { handshake: null, login: null };
  }

  /** The number of connections that an account has signed in on. */
  signedIn({ email }: AccountRow): number {
    return [...this.#open.values()].filter(({ login }) => login?.email === accountKey(email)).length;
  }

  /** Ends the connections of one account, or of all. */
  hangUp(account: AccountRow | null): void {
    for (const [socket, { login }] of this.#open) {
      if (account === null || login?.email === accountKey(account.email)) socket.destroy();
    }
  }
}
