import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../domain/secret.ts';
import { createEgressGuard } from '../../net/egress.ts';
import type { OAuthAdapter, Provider } from '../../providers/contract.ts';
import { createImapProvider } from '../../providers/imap/adapter.ts';
import { Dovecot, dovecotInstalled } from '../support/dovecot.ts';
import { secret } from '../support/minting.ts';
import { failureOf } from './contract.ts';

const NEVER = new AbortController().signal;
const EMAIL = 'ana@dovecot.example';

/*
 * Tokens at a server that is not ours, which asks an endpoint of this test about them: XOAUTH2 where it offers both
 * mechanisms, OAUTHBEARER where it offers no other.
 */
describe.skipIf(!dovecotInstalled).each(['xoauth2 oauthbearer', 'oauthbearer'])(
  'Dovecot with access tokens by %s',
  (tokenMechanisms) => {
    /** Live tokens and their mailboxes. */
    const live = new Map<string, string>();
    let isDown = false;
    const endpoint = createServer((request, response) => void answer(request, response));
    async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
      const email = live.get(new URLSearchParams(await text(request)).get('token') ?? '');
      response.statusCode = isDown ? 503 : 200;
      response.setHeader('content-type', 'application/json');
      response.end(isDown ? '' : JSON.stringify(email ? { active: true, email } : { active: false }));
    }
    let dovecot: Dovecot;
    let imap: Provider;
    beforeAll(async () => {
      endpoint.listen(0, '127.0.0.1');
      await once(endpoint, 'listening');
      const introspectionUrl = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/introspect`;
      dovecot = await Dovecot.start({ introspectionUrl, tokenMechanisms });
      await dovecot.setPassword(EMAIL, secret('password'));
      imap = createImapProvider({
        egress: createEgressGuard({ allow: [] }),
        certificateAuthorities: readFileSync(dovecot.caFile, 'utf8'),
        timeoutMs: 10_000,
        imapLogins: [
          {
            oauth: { provider: 'google' } as OAuthAdapter,
            server: { kind: 'imap', host: dovecot.host, port: dovecot.tlsPort, security: 'tls' },
            smtp: { host: dovecot.host, port: 1, security: 'tls' },
            findOwner: () => Promise.reject(new Error('a known mailbox is not asked for')),
          },
        ],
      });
    }, 20_000);
    afterAll(async () => {
      await dovecot.stop();
      endpoint.close();
    });

    const context = { imap_user: EMAIL };
    const open = (token: string) =>
      imap.openSession({ kind: 'token', mailbox: EMAIL, context, accessToken: new Secret(token) }, NEVER);

    function newToken(email = EMAIL): string {
      const token = secret('access-token');
      live.set(token, email);
      return token;
    }

    it('reads a mailbox with a token, and a session that is open outlives it', async () => {
      const token = newToken();
      const [mail] = await dovecot.deliver(EMAIL, 1);
      const session = await open(token);
      const window = { from: new Date(Date.now() - 3_600_000), to: new Date(Date.now() + 3_600_000) };
      const inbox = { scope: 'INBOX', name: 'INBOX' };
      live.delete(token);
      expect(await session.verify()).toContain(EMAIL);
      const { items } = await session.listWindow(inbox, window, null, 10);
      expect(items.map(({ providerId }) => providerId)).toEqual([String(mail?.uid)]);
      await session.close();
      expect((await failureOf(open(token))).verdict.tokenRefused).toBe(true);
    });

    it('asks for a refresh, and for no person, where a token is unknown or another mailbox’s', async () => {
      for (const token of [secret('access-token'), newToken('bob@dovecot.example')]) {
        const { verdict, message } = await failureOf(open(token));
        expect(verdict).toMatchObject({ reason: 'access_revoked', tokenRefused: true });
        expect(message).not.toContain(token);
      }
    });

    it('calls it an outage where the server cannot ask about tokens', async () => {
      isDown = true;
      const { verdict } = await failureOf(open(newToken()));
      expect(verdict).toMatchObject({ kind: 'transient', tokenRefused: false, providerCode: 'UNAVAILABLE' });
    });
  },
);
