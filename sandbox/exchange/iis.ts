import type { Response } from 'express';
import { html } from '../html.ts';
import type { HttpAnswer, TransportAnswers } from '../http-answer.ts';
import { ewsFault } from './soap/answer.ts';
import { serverBusy } from './soap/errors.ts';

/** The answers of the web server in front of Exchange. */

export const TRANSPORT: TransportAnswers = {
  unavailable: (status) => page(status, 'Service Unavailable', 'The service is unavailable.'),
  rateLimited: (retryAfterS) => ewsFault(serverBusy(retryAfterS)),
  rubbish: () => page(200, 'Outlook', 'Please wait while your settings are being loaded.'),
};

/** @param challenge of an NTLM handshake that has begun; null: the schemes are offered */
export function unauthorized(response: Response, challenge: string | null): HttpAnswer {
  const schemes = challenge === null ? ['NTLM', 'Basic realm="127.0.0.1"'] : [`NTLM ${challenge}`];
  response.setHeader('WWW-Authenticate', schemes);
  return page(401, 'Unauthorized', 'Access is denied due to invalid credentials.');
}

export function page(status: number, title: string, text: string): HttpAnswer {
  const body = html`<!doctype html>
    <html>
      <head>
        <title>${status} - ${title}</title>
      </head>
      <body>
        <h2>${text}</h2>
      </body>
    </html>`;
  return { status, headers: { 'content-type': 'text/html' }, body: body.markup };
}
