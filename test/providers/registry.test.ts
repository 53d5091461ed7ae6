import { describe, expect, test } from 'vitest';
import { vagueCauseSentence } from '../../domain/words/causes.ts';
import { passwordNoteSentence } from '../../domain/words/password-notes.ts';
import { createProviders } from '../../providers/registry.ts';
import { readConfig } from '../../runtime/config.ts';
import { secret } from '../support/minting.ts';

const BASE = {
  DATABASE_URL: 'postgres://mooring@127.0.0.1/mooring',
  TEMPORAL_ADDRESS: '127.0.0.1:1',
  MOORING_VAULT_KEYS_FILE: 'keys.json',
};
const CLIENT = { GOOGLE_CLIENT_ID: 'client', GOOGLE_CLIENT_SECRET: secret('client-secret') };

const offered = (environment: Record<string, string>) => [
  ...createProviders(readConfig({ ...BASE, ...environment }).providers).keys(),
];

describe('the providers of an environment', () => {
  test('an access type is offered where its provider is configured', () => {
    expect(offered({})).toEqual(['imap', 'exchange']);
    expect(offered(CLIENT)).toEqual(['gmail', 'imap', 'exchange']);
    expect(offered({ GOOGLE_CLIENT_ID: 'client' })).toEqual(['imap', 'exchange']);
    expect(offered({ GOOGLE_CLIENT_ID: 'client', GOOGLE_CLIENT_SECRET_FILE: '/run/secrets/google' })).toContain(
      'gmail',
    );
  });

  test('Microsoft 365 is offered with a secret, in the environment or a file, or with a certificate', () => {
    const client = { MICROSOFT_CLIENT_ID: 'client' };
    expect(offered(client)).toEqual(['imap', 'exchange']);
    for (const name of ['SECRET', 'SECRET_FILE', 'CERTIFICATE_FILE']) {
      const given = { ...client, [`MICROSOFT_CLIENT_${name}`]: secret('client-secret') };
      expect(offered(given)).toEqual(['imap', 'microsoft', 'exchange']);
    }
  });

  test('Salesforce is offered with an id and a secret', () => {
    const client = { SALESFORCE_CLIENT_ID: 'client' };
    expect(offered(client)).toEqual(['imap', 'exchange']);
    const given = { ...client, SALESFORCE_CLIENT_SECRET: secret('client-secret') };
    expect(offered(given)).toEqual(['imap', 'exchange', 'salesforce']);
  });

  test('every wrong variable is named at once, a provider’s own too, and no value is shown', () => {
    const wrong = { ...CLIENT, PORT: '70000', GOOGLE_TOKEN_URL: 'no address', GOOGLE_PUBSUB_TOPIC: 'news' };
    expect(() => readConfig({ ...BASE, ...wrong })).toThrow(
      /^PORT: [^\n]+\nGOOGLE_TOKEN_URL: [^\n]+\nGOOGLE_PUBSUB_TOPIC: expected projects\/PROJECT\/topics\/TOPIC$/,
    );
    expect(() => readConfig({ ...BASE, ...wrong })).not.toThrow(CLIENT.GOOGLE_CLIENT_SECRET);
  });

  test('an access type has a way to sign in, and names and sentences for people', () => {
    for (const { words, signIn } of createProviders(readConfig({ ...BASE, ...CLIENT }).providers).values()) {
      expect(signIn.oauth.length + (signIn.password ? 1 : 0)).toBeGreaterThan(0);
      const names = [words.label, words.provider, words.hint, ...signIn.oauth.map(({ label }) => label)];
      for (const name of names) expect(name).toMatch(/^[^{_]+$/);
      const sentences = [
        ...Object.values(words.causes).map((cause) => vagueCauseSentence(cause, { ...words, login: 'ana' })),
        ...(signIn.password?.notes ?? []).map(({ kind, name }) => passwordNoteSentence(kind, name)),
      ];
      for (const sentence of sentences) expect(sentence).toMatch(/^[A-Z][^{_]*\.$/);
    }
  });

  test('rule 1: a client secret does not show in the configuration', () => {
    expect(JSON.stringify(readConfig({ ...BASE, ...CLIENT }))).not.toContain(CLIENT.GOOGLE_CLIENT_SECRET);
  });
});
