import { describe, expect, it } from 'vitest';
import { accountsOf, describeFailure } from '../../ui/words/connect/describe-failure.ts';
import type { Failure } from '../../ui/words/connect/describe-failure.ts';
import { words } from '../../ui/words/connect/en.ts';
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

const AT_GOOGLE = { provider: 'Google', at: 'at Google', product: 'Example Desk' };
const described = (failure: Failure) => describeFailure(words, failure, AT_GOOGLE);

describe('describeFailure', () => {
  it.each(CODES)('has words of its own for %s', (code) => {
    const { title, sentence } = described({ code, detail: 'raw detail' });
    expect(title).not.toBe('That did not work');
    expect(`${title} ${sentence}`).not.toMatch(/[{_]/);
  });

  it('names both accounts of a mismatch', () => {
    const [ana, bob] = ['ana@example.com', 'bob@example.com'];
    const failure = { code: 'account_mismatch', detail: '', expected: { email: ana }, received: { email: bob } };
    expect(accountsOf(words, failure)).toEqual({ expected: ana, received: bob });
  });

  it('names both servers where the same login signed in at another one', () => {
    const account = { email: 'ana@example.com', login: 'ana' };
    const [expected, received] = ['imap.example.com:993', 'mail.example.net:993'].map((server) => ({
      ...account,
      server,
    }));
    expect(accountsOf(words, { code: 'account_mismatch', detail: '', expected, received })).toEqual({
      expected: 'ana at imap.example.com:993',
      received: 'ana at mail.example.net:993',
    });
  });

  it('shows no English of the server where it knows no better', () => {
    expect(described({ code: 'new_code', detail: 'The moon is full.' })).toEqual({
      ...words.failed.unknown,
      field: null,
    });
  });
});

describe('describeFailure of a form that does not validate', () => {
  it('stands at the field that the server names', () => {
    const failure = { code: 'validation_failed', detail: '', display_message: 'Please check.' };
    for (const field of ['username', 'password', 'host', 'port', 'security'] as const) {
      const errors = [{ in: 'body' as const, path: field, message: 'Too big: expected number to be <=65535' }];
      const words = described({ ...failure, errors });
      expect(words.field).toBe(field);
      expect(words.sentence).toMatch(/^(Enter|Choose|A port) [^<>]*\.$/);
    }
    expect(described(failure).field).toBeNull();
  });
});

const smtpOf = (more: object) =>
  passwordBody('imap', 'host', { username: 'a', password: 'b', ...NO_SERVER, smtpHost: ' s ', ...more }).smtp;

describe('passwordBody', () => {
  it('leaves out empty fields, so that the server discovers them', () => {
    const entry = { username: ' ana@example.com ', password: ' horse ', ...NO_SERVER };
    expect(passwordBody('imap', 'host', entry)).toEqual({
      access_type: 'imap',
      username: 'ana@example.com',
      password: ' horse ',
    });
  });

  it('sends what its form asks for alone: the browser remembers servers of either kind', () => {
    const server = {
      ...NO_SERVER,
      host: 'h',
      port: '993',
      url: 'https://mail.example.com',
      authentication: 'basic',
    } as const;
    const entry = { username: 'a', password: 'b', ...server };
    const login = { username: 'a', password: 'b' };
    expect(passwordBody('imap', 'host', entry)).toEqual({ access_type: 'imap', ...login, host: 'h', port: 993 });
    const { url, authentication } = server;
    expect(passwordBody('exchange', 'url', entry)).toEqual({ access_type: 'exchange', ...login, url, authentication });
  });

  it('sends the server settings that were entered, the port as a number', () => {
    const entry = {
      username: 'a',
      password: 'b',
      ...NO_SERVER,
      host: ' h ',
      port: '4143',
      security: 'starttls',
    } as const;
    expect(passwordBody('imap', 'host', entry)).toMatchObject({ host: 'h', port: 4143, security: 'starttls' });
  });

  it('names the server that sends whole, its port by its encryption and the other way round', () => {
    expect(smtpOf({})).toEqual({ host: 's', port: 465, security: 'tls' });
    expect(smtpOf({ smtpPort: '587' })).toEqual({ host: 's', port: 587, security: 'starttls' });
    expect(smtpOf({ smtpSecurity: 'starttls' })).toEqual({ host: 's', port: 587, security: 'starttls' });
  });
});
