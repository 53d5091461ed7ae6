import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readConfig, readMigrateConfig } from '../../runtime/config.ts';
import { secret } from '../support/minting.ts';

const checkout = join(import.meta.dirname, '../..');
const text = readFileSync(join(checkout, 'docker-compose.yml'), 'utf8');
interface Service {
  image: string;
  build?: string;
  command?: string[];
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  configs?: { source: string }[];
  secrets?: (string | { source: string; target: string })[];
}
const compose = parse(text, { merge: true }) as {
  services: Record<string, Service>;
  configs: Record<string, { content: string }>;
  secrets: Record<string, { file: string }>;
};
const services = Object.entries(compose.services);

/** The files that a service is given as secrets, each where its variable says. */
const keysOf = (name: string) =>
  (compose.services[name]?.secrets ?? []).map((secret) => {
    const { source, target } = typeof secret === 'string' ? { source: secret, target: secret } : secret;
    expect(`/run/secrets/${target}`).toBe(compose.services[name]?.environment?.['MOORING_VAULT_KEYS_FILE']);
    return compose.secrets[source]?.file.replace(/.*:-|\}$/g, '');
  });

const GIVEN: Record<string, string> = {
  POSTGRES_PASSWORD: 'password-of-postgres',
  TEMPORAL_DB_PASSWORD: 'password-of-temporal',
  DATABASE_SERVER_PASSWORD: secret('database-password'),
  DATABASE_WORKER_PASSWORD: secret('database-password'),
  DATABASE_LISTENER_PASSWORD: secret('database-password'),
  MOORING_PUBLIC_URL: 'https://mooring.example',
  MOORING_API_KEY: 'mk_12345678901234567890',
};

const fill = (value: string) =>
  value.replaceAll(
    /\$\{(\w+):([-?])([^}]*)\}/g,
    (_, variable: string, _kind, fallback: string) => GIVEN[variable] ?? fallback,
  );

/** A service's environment as compose fills it in; empty values count as absent. */
function environmentOf(name: string): Record<string, string> {
  const entries = Object.entries(compose.services[name]?.environment ?? {}).map(([key, value]) => [key, fill(value)]);
  return Object.fromEntries(entries.filter(([, value]) => value)) as Record<string, string>;
}

describe('docker-compose.yml', () => {
  it('pins every image, and Temporal’s three to versions that belong together', () => {
    const images = services.flatMap(([, { image, build }]) => (build ? [] : [image]));
    expect(new Set(images)).toEqual(
      new Set(['postgres:18', 'temporalio/server:1.31.2', 'temporalio/admin-tools:1.31.2', 'temporalio/ui:2.50.1']),
    );
  });

  it('waits for services and mounts configs that exist', () => {
    const needed = services.flatMap(([, { depends_on }]) => Object.keys(depends_on ?? {}));
    expect(needed.filter((name) => !(name in compose.services))).toEqual([]);
    const mounted = services.flatMap(([, { configs }]) => (configs ?? []).map(({ source }) => source));
    expect(mounted.toSorted()).toEqual(Object.keys(compose.configs).toSorted());
  });

  it.each(['server', 'worker', 'listener', 'migrate'])('runs a program of this checkout as %s', (name) => {
    const [program, script = ''] = compose.services[name]?.command ?? [];
    expect(program).toBe('node');
    expect(existsSync(join(checkout, script))).toBe(true);
  });

  it.each(['server', 'worker', 'listener'])('gives %s an environment that config.ts accepts', (name) => {
    expect(readConfig(environmentOf(name))).toMatchObject({
      publicUrl: GIVEN['MOORING_PUBLIC_URL'],
      temporal: { address: 'temporal:7233', namespace: 'mooring' },
    });
  });

  it('rule 14: gives every process its own login, whom migrate.ts makes, and no password of another', () => {
    const { ownerUrl, hasOwner, loginPasswords } = readMigrateConfig(environmentOf('migrate'));
    expect([new URL(ownerUrl).username, hasOwner]).toEqual(['mooring', true]);
    for (const name of ['server', 'worker', 'listener'] as const) {
      const environment = environmentOf(name);
      const { username, password } = new URL(readConfig(environment).database.url);
      expect(username).toBe(`mooring_${name}`);
      expect(password).toBe(loginPasswords?.[name].reveal());
      const said = JSON.stringify(environment);
      const others = Object.entries(GIVEN).filter(
        ([variable]) => /PASSWORD/.test(variable) && GIVEN[variable] !== password,
      );
      expect(others).toHaveLength(4);
      for (const [variable, value] of others) {
        expect(said).not.toContain(value);
        expect(compose.services[name]?.environment?.[variable], 'over what .env says').toBe('');
      }
    }
  });

  it('rule 1: gives the private key to worker and listener alone', () => {
    const withKeys = services.flatMap(([name, { secrets }]) => (secrets ? [[name, keysOf(name)]] : []));
    expect(Object.fromEntries(withKeys)).toEqual({
      server: ['./secrets/server-keys.json'],
      worker: ['./secrets/vault-keys.json'],
      listener: ['./secrets/vault-keys.json'],
    });
  });

  it('demands every secret instead of having a default for it', () => {
    const secrets = [...text.matchAll(/\$\{(\w*(?:PASSWORD|API_KEY))(:?[^}]*)\}/g)].map(
      ([, name, rest]) => `${name}${rest}`,
    );
    expect(new Set(secrets)).toEqual(
      new Set([
        'POSTGRES_PASSWORD:?',
        'TEMPORAL_DB_PASSWORD:?',
        'DATABASE_SERVER_PASSWORD:?',
        'DATABASE_WORKER_PASSWORD:?',
        'DATABASE_LISTENER_PASSWORD:?',
        'MOORING_API_KEY:?',
      ]),
    );
  });
});
