import type { Request, RequestHandler } from 'express';
import { Router } from 'express';
import { html } from '../html.ts';
import type { RunningImapServer } from './server.ts';

/** Where mail programs ask for the settings of an address, below the sandbox's own port. */
export const AUTOCONFIG_PATH = '/imap/mail/config-v1.1.xml';

/** The mail settings of the accounts that exist, as draft-ietf-mailmaint-autoconfig has them; 404 for any other address. */
export function autoconfigRoutes({ store, port, tlsPort }: RunningImapServer, smtpPort: number): RequestHandler {
  const router = Router();
  router.get(AUTOCONFIG_PATH, (request, response) => {
    const email = addressOf(request);
    if (email === null || !store.account(email)) return void response.status(404).end();
    const settings = html`<?xml version="1.0" encoding="UTF-8"?>
      <clientConfig version="1.1">
        <emailProvider id="mooring-sandbox">
          <domain>${email.slice(email.lastIndexOf('@') + 1)}</domain>
          <displayName>Mooring sandbox</displayName>
          ${incomingServer(port, 'STARTTLS')} ${incomingServer(tlsPort, 'SSL')} ${outgoingServer(smtpPort)}
        </emailProvider>
      </clientConfig>`;
    response.type('text/xml').send(settings.markup);
  });
  return router;
}

const incomingServer = (port: number, socketType: string) =>
  html`<incomingServer type="imap">
    <hostname>127.0.0.1</hostname>
    <port>${port}</port>
    <socketType>${socketType}</socketType>
    <username>%EMAILADDRESS%</username>
    <authentication>password-cleartext</authentication>
  </incomingServer>`;

const outgoingServer = (port: number) =>
  html`<outgoingServer type="smtp">
    <hostname>127.0.0.1</hostname>
    <port>${port}</port>
    <socketType>STARTTLS</socketType>
    <username>%EMAILADDRESS%</username>
    <authentication>password-cleartext</authentication>
  </outgoingServer>`;

function addressOf({ query }: Request): string | null {
  const email = query['emailaddress'];
  return typeof email === 'string' ? email : null;
}
