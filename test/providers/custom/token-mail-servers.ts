import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';
import { loadServerCertificate } from '../../../sandbox/certificate.ts';
import { Dovecot } from '../../support/dovecot.ts';

/** Whose access token it is; null: it is not live. */
type OwnerOf = (accessToken: string) => Promise<string | null>;

interface TakenMail {
  user: string;
  raw: string;
}

/**
 * A real Dovecot that introspects each token (RFC 7662), and a submission server that does the same, by STARTTLS.
 */
export async function startTokenMailServers(ownerOf: OwnerOf, tokenMechanisms?: string) {
  const introspection = createServer((request, response) => {
    void (async () => {
      const email = await ownerOf(new URLSearchParams(await text(request)).get('token') ?? '');
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(email === null ? { active: false } : { active: true, email }));
    })();
  });
  introspection.listen(0, '127.0.0.1');
  await once(introspection, 'listening');
  const introspectionUrl = `http://127.0.0.1:${(introspection.address() as AddressInfo).port}/introspect`;
  const dovecot = await Dovecot.start({ introspectionUrl, ...(tokenMechanisms ? { tokenMechanisms } : {}) });
  const { key, certificate: cert, caFile } = await loadServerCertificate(dirname(dovecot.caFile));
  const mails: TakenMail[] = [];
  const smtp = new SMTPServer({
    key,
    cert,
    authMethods: ['XOAUTH2'],
    logger: false,
    disableReverseLookup: true,
    onAuth({ username = '', accessToken = '' }, _session, done) {
      const decide = async () => {
        const owner = await ownerOf(accessToken);
        done(null, owner === username ? { user: username } : { data: { status: '401', schemes: 'bearer' } });
      };
      void decide();
    },
    onData(stream, { user }, done) {
      const take = async () => {
        mails.push({ user: String(user), raw: (await buffer(stream)).toString() });
        done(null);
      };
      void take();
    },
  });
  smtp.on('error', () => {}); // connections that are cut
  await new Promise<void>((resolve) => void smtp.listen(0, '127.0.0.1', resolve));
  return {
    dovecot,
    mails,
    caFile,
    imapServer: `${dovecot.host}:${dovecot.tlsPort}`,
    smtpServer: `127.0.0.1:${(smtp.server.address() as AddressInfo).port}`,
    async close() {
      await new Promise<void>((resolve) => smtp.close(() => resolve()));
      await dovecot.stop();
      introspection.close();
    },
  };
}
export type TokenMailServers = Awaited<ReturnType<typeof startTokenMailServers>>;
