import { describe, expect, it } from 'vitest';
import { discoverImapServer } from '../../providers/imap/discovery.ts';

const nothing = {};

describe('finding the IMAP server', () => {
  it('takes what is given, and the usual port for it', async () => {
    const given = { host: 'mx.example.org' };
    expect(await discoverImapServer('a@b.example', given)).toEqual({
      kind: 'imap',
      host: 'mx.example.org',
      port: 993,
      security: 'tls',
    });
    expect(await discoverImapServer('a@b.example', { ...given, port: 143 })).toMatchObject({ security: 'starttls' });
    expect(await discoverImapServer('a@b.example', { ...given, security: 'starttls' })).toMatchObject({ port: 143 });
    expect(await discoverImapServer('a@b.example', { ...given, port: 4143, security: 'starttls' })).toEqual({
      kind: 'imap',
      host: 'mx.example.org',
      port: 4143,
      security: 'starttls',
    });
  });

  it('knows the large providers', async () => {
    expect(await discoverImapServer('a@GMAIL.com', nothing)).toMatchObject({ host: 'imap.gmail.com', port: 993 });
    expect(await discoverImapServer('a@yahoo.com', nothing)).toMatchObject({ host: 'imap.mail.yahoo.com' });
  });

  it.each(['a@localhost', 'a@127.0.0.1', 'a@[::1]', 'nobody', 'a@b.example/../x', 'a@no-such-domain.invalid'])(
    'finds nothing for %s',
    async (email) => {
      expect(await discoverImapServer(email, nothing)).toBeNull();
    },
  );
});
