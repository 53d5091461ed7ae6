import { buffer } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';
import PostalMime from 'postal-mime';
import type { Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';

/** A mail as the server took it. */
export interface ReceivedMail {
  /** Who the envelope says. */
  to: string;
  at: Date;
  mail: Email;
  /** Both bodies. */
  text: string;
}

/** What SMTP answers instead of 250. */
export class Refusal extends Error {
  readonly responseCode: number;

  constructor(responseCode: number, message: string) {
    super(message);
    this.responseCode = responseCode;
  }
}

/**
 * A real SMTP server on loopback that keeps every mail it takes. `refuse` may refuse a recipient, and `taken` is called
 * before the 250 of a mail, which it may hold back or refuse.
 */
export async function startMailServer({
  now = async () => new Date(),
  refuse = () => null,
  taken = () => {},
}: {
  now?: () => Promise<Date>;
  refuse?: (address: string) => Refusal | null;
  taken?: (mail: ReceivedMail) => Promise<void> | void;
} = {}) {
  const mails: ReceivedMail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    logger: false,
    onRcptTo: ({ address }, _session, done) => done(refuse(address)),
    onData(stream, { envelope }, done) {
      const take = async () => {
        const mail = await PostalMime.parse(await buffer(stream));
        const [to] = envelope.rcptTo;
        const received = { to: to?.address ?? '', at: await now(), mail, text: `${mail.text}\n${mail.html}` };
        mails.push(received);
        await taken(received);
      };
      const answer = async () =>
        done(
          await take().then(
            () => null,
            (error: unknown) => error as Error,
          ),
        );
      void answer();
    },
  });
  server.on('error', () => {}); // a client that is killed
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    mails,
    /** The subjects that an address got, in order. */
    to: (address: string) => mails.filter((mail) => mail.to === address),
    url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    close: () => new Promise<void>((resolve) => server.close(resolve)),
  };
}
export type MailServer = Awaited<ReturnType<typeof startMailServer>>;
