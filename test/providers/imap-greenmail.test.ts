import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Secret } from '../../domain/secret.ts';
import { createEgressGuard } from '../../net/egress.ts';
import type { OAuthAdapter, Provider, SessionAccess } from '../../providers/contract.ts';
import { createImapProvider } from '../../providers/imap/adapter.ts';
import { greenMailAvailable, startGreenMail } from '../support/greenmail/greenmail.ts';
import { secret } from '../support/minting.ts';
import { failureOf } from './contract.ts';

const EMAIL = 'ana@green.example';
const soon = () => AbortSignal.timeout(20_000);

const byToken = (token: string): SessionAccess => ({
  kind: 'token',
  mailbox: EMAIL,
  context: { imap_user: EMAIL },
  accessToken: new Secret(token),
});

/* IMAP and SMTP at a server that is not ours, which sends no challenge and no code where it refuses a token. */
describe.skipIf(!greenMailAvailable)('GreenMail', { timeout: 60_000 }, () => {
  const good = secret('access-token');
  let server: Awaited<ReturnType<typeof startGreenMail>>;
  let provider: Provider;

  beforeAll(async () => {
    server = await startGreenMail(EMAIL, good);
    provider = createImapProvider({
      egress: createEgressGuard({ allow: ['127.0.0.0/8'] }),
      certificateAuthorities: server.certificate,
      timeoutMs: 10_000,
      imapLogins: [
        {
          oauth: { provider: 'google' } as OAuthAdapter,
          server: server.imap,
          smtp: server.smtp,
          findOwner: () => Promise.reject(new Error('a known mailbox is not asked for')),
        },
      ],
    });
    const isUp = () => read(byPassword(good)).then(() => true);
    await vi.waitFor(isUp, { timeout: 60_000, interval: 500 });
  }, 240_000);
  afterAll(() => server?.stop());

  const byPassword = (password: string): SessionAccess => ({
    kind: 'password',
    mailbox: EMAIL,
    context: {},
    email: EMAIL,
    username: EMAIL,
    password: new Secret(password),
    server: server.imap,
    smtp: server.smtp,
  });
  async function read(access: SessionAccess): Promise<string> {
    const session = await provider.openSession(access, soon());
    try {
      return await session.verify();
    } finally {
      await session.close();
    }
  }
  const send = (access: SessionAccess) =>
    provider.proveSending?.(access, soon()) ?? Promise.reject(new Error('absent'));

  it('takes a token, and a password, where mail is read and where it is sent', async () => {
    for (const access of [byToken(good), byPassword(good)]) {
      expect(await read(access)).toContain(EMAIL);
      await send(access);
    }
  });

  it('refuses a token, which asks for a refresh and for no person, and a password, which does', async () => {
    const wrong = secret('access-token');
    for (const attempt of [read, send]) {
      const { verdict, message } = await failureOf(attempt(byToken(wrong)));
      expect(verdict).toMatchObject({ reason: 'access_revoked', tokenRefused: true });
      expect(message).not.toContain(wrong);
      const refused = await failureOf(attempt(byPassword(wrong)));
      expect(refused.verdict).toMatchObject({ kind: 'reauth_required', reason: 'password_changed' });
    }
  });
});
