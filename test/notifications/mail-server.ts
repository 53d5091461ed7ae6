import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

/** A mail that the server took. */
interface TakenMail {
  to: string[];
  raw: string;
  isEncrypted: boolean;
  user: string | null;
}

/**
 * What the server does with a recipient, by the local part: `550-5.1.1` is answered to RCPT, `data-554-5.7.1` after the
 * data, `hang` never; any other address is taken.
 */
function refusalOf(address: string, at: 'rcpt' | 'data'): Error | null {
  const [local = ''] = address.split('@');
  const told = (at === 'data' ? /^data-(\d{3})-?(.*)/ : /^(\d{3})-?(.*)/).exec(local);
  if (!told) return null;
  const [, status, rest = ''] = told;
  const words = rest.replaceAll('_', ' ').replaceAll('=', ':');
  return Object.assign(new Error(words || `refused ${address}`), { responseCode: Number(status) });
}

/** A real SMTP server on loopback. Without a certificate it offers no STARTTLS. */
export async function startMailServer({
  tls = null,
  login = null,
}: { tls?: { key: string; cert: string } | null; login?: { user: string; password: string } | null } = {}) {
  const mails: TakenMail[] = [];
  const server = new SMTPServer({
    ...tls,
    disabledCommands: [...(tls ? [] : ['STARTTLS']), ...(login ? [] : ['AUTH'])],
    allowInsecureAuth: true,
    authOptional: login === null,
    logger: false,
    onAuth({ username, password }, _session, done) {
      if (username === login?.user && password === login?.password) return done(null, { user: username });
      return done(Object.assign(new Error(`no ${username}:${password} here`), { responseCode: 535 }));
    },
    onRcptTo({ address }, _session, done) {
      if (address.startsWith('hang')) return;
      done(refusalOf(address, 'rcpt'));
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const to = session.envelope.rcptTo.map(({ address }) => address);
        const refusal = to.map((address) => refusalOf(address, 'data')).find(Boolean) ?? null;
        const user = typeof session.user === 'string' ? session.user : null;
        if (!refusal) mails.push({ to, raw: Buffer.concat(chunks).toString(), isEncrypted: session.secure, user });
        done(refusal);
      });
    },
  });
  server.on('error', () => {}); // a client that gives up
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  return {
    mails,
    port: (listening.address() as AddressInfo).port,
    async close() {
      server.close();
      await once(listening, 'close');
    },
  };
}
