import { describe, expect, it } from 'vitest';
import { describeFailure } from '../../ui/words/connect-words.ts';
import { NO_SERVER, passwordBody } from '../../ui/data/password-body.ts';

/** Every code that the connect calls answer with, and what the network layer adds. */
const CODES = [
  'dns_failed',
  'server_not_found',
  'connection_refused',
  'tls_untrusted',
  'tls_failed',
  'starttls_missing',
  'wrong_protocol',
  'wrong_security',
  'authentication_failed',
  'account_mismatch',
  'account_connected',
  'attestation_required',
  'egress_denied',
  'timeout',
  'connection_lost',
  'unreachable',
  'network',
  'no_refresh_token',
  'access_denied',
  'state_invalid',
  'link_used',
  'link_expired',
  'scope_missing',
  'access_type_not_allowed',
  'provider_error',
];

describe('describeFailure', () => {
  it.each(CODES)('has words of its own for %s', (code) => {
    const { title, sentence } = describeFailure({ code, detail: 'raw detail' }, 'Google');
    expect(title).not.toBe('That did not work');
    expect(`${title} ${sentence}`).not.toMatch(/[{_]/);
  });

  it('names both accounts of a mismatch', () => {
    const words = 'You signed in as bob@example.com, this channel belongs to ana@example.com. Nothing was changed.';
    const [ana, bob] = ['ana@example.com', 'bob@example.com'];
    const failure = { code: 'account_mismatch', detail: '' };
    expect(
      describeFailure({ ...failure, expected: { email: ana }, received: { email: bob } }, 'the mail server').sentence,
    ).toBe(words);
  });

  it('names both servers where the same login signed in at another one', () => {
    const failure = { code: 'account_mismatch', detail: '' };
    const account = { email: 'ana@example.com', login: 'ana' };
    const [expected, received] = ['imap.example.com:993', 'mail.example.net:993'].map((server) => ({
      ...account,
      server,
    }));
    expect(describeFailure({ ...failure, expected, received }, 'the mail server').sentence).toBe(
      'You signed in as ana at mail.example.net:993, this channel belongs to ana at imap.example.com:993. Nothing was changed.',
    );
  });

  it('says what the server said where it knows no better', () => {
    expect(describeFailure({ code: 'new_code', detail: 'The moon is full.' }, 'the mail server').sentence).toBe(
      'The moon is full.',
    );
  });
});

describe('describeFailure of a form that does not validate', () => {
  it('stands at the field that the server names', () => {
    const failure = { code: 'validation_failed', detail: '', display_message: 'Please check.' };
    for (const field of ['username', 'password', 'host', 'port', 'security'] as const) {
      const errors = [{ in: 'body' as const, path: field, message: 'Too big: expected number to be <=65535' }];
      const words = describeFailure({ ...failure, errors }, 'the mail server');
      expect(words.field).toBe(field);
      expect(words.sentence).toMatch(/^(Enter|Choose|A port) [^<>]*\.$/);
    }
    expect(describeFailure(failure, 'the mail server')).toMatchObject({ field: null, sentence: 'Please check.' });
  });
});

describe('passwordBody', () => {
  it('leaves out empty fields, so that the server discovers them', () => {
    const entry = { username: ' ana@example.com ', password: ' horse ', ...NO_SERVER };
    expect(passwordBody('imap', entry)).toEqual({
      access_type: 'imap',
      username: 'ana@example.com',
      password: ' horse ',
    });
  });

  it('sends the server settings that were entered, the port as a number', () => {
    const entry = { username: 'a', password: 'b', host: ' h ', port: '4143', security: 'starttls', url: '' } as const;
    expect(passwordBody('imap', entry)).toMatchObject({ host: 'h', port: 4143, security: 'starttls' });
  });
});
