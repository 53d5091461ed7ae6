import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';
import { loadServerCertificate } from '../../sandbox/certificate.ts';

interface TakenMail {
  from: string;
  to: string[];
  raw: string;
}

const refusal = (responseCode: number, message: string) => Object.assign(new Error(message), { responseCode });

/**
 * A real submission server under the sandbox's authority: STARTTLS, a password, every mail kept. Addresses that begin with
 * `refused` are refused. `atLogin` is called at the next login, which is then deferred; `cut` ends the connection at a
 * recipient, or between a mail and its answer; `limited` defers each mail; `silent` answers no recipient; an answer to a mail
 * waits for `answering`.
 */
export async function startSubmissionServer(sandboxDir: string, password: string) {
  const { key, certificate: cert } = await loadServerCertificate(join(sandboxDir, 'imap-tls'));
  const mails: TakenMail[] = [];
  const sockets = new Set<Socket>();
  const state = {
    cut: null as 'at_recipient' | 'after_content' | null,
    limited: false,
    silent: false,
    answering: Promise.resolve() as Promise<unknown>,
    atLogin: null as (() => Promise<unknown>) | null,
  };
  const cut = () => sockets.forEach((socket) => void socket.destroy());
  const server = new SMTPServer({
    key,
    cert,
    authMethods: ['PLAIN'],
    logger: false,
    disableReverseLookup: true,
    async onAuth({ username = '', password: given }, _session, done) {
      const { atLogin } = state;
      state.atLogin = null;
      await atLogin?.();
      if (atLogin) done(refusal(454, '4.7.0 Temporary authentication failure'));
      else if (given === password) done(null, { user: username });
      else done(refusal(535, '5.7.8 Authentication failed'));
    },
    onMailFrom: (_address, _session, done) =>
      done(state.limited ? refusal(451, '4.7.1 Too many messages, slow down') : null),
    onRcptTo({ address }, _session, done) {
      if (state.cut === 'at_recipient') return cut();
      if (state.silent) return;
      done(address.startsWith('refused') ? refusal(550, '5.1.1 No such user here') : null);
    },
    onData(stream, { envelope }, done) {
      const take = async (bytes: Buffer) => {
        const from = envelope.mailFrom ? envelope.mailFrom.address : '';
        mails.push({ from, to: envelope.rcptTo.map(({ address }) => address), raw: bytes.toString() });
        if (state.cut === 'after_content') return cut();
        await state.answering;
        done(null);
      };
      buffer(stream).then(take, () => {}); // a client that died midway
    },
  });
  server.on('error', () => {}); // connections that are cut
  server.server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return {
    mails,
    state,
    address: { host: '127.0.0.1', port, security: 'starttls' as const },
    close: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(resolve);
      }),
  };
}
