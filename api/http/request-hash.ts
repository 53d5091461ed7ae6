import { z } from 'zod';
import { isSameSecret, sha256 } from '../../crypto/random-secrets.ts';
import type { Vault } from '../../crypto/vault.ts';

const LABEL = 'mooring idempotency request';

/**
 * By which a repeated request is recognised: a hash of its body under a key of the keys file, so that a copy of the
 * database cannot be tried against guesses. What the schema marks as a secret (`writeOnly`) is left out of it.
 */
export function requestHash(vault: Vault, body: unknown, secrets: ReadonlySet<string>): string {
  return vault.keyedHash(textOf(body, secrets), LABEL);
}

/** A row of the release before has the plain hash of the whole body; it is gone within a day. */
export function isSameRequest(vault: Vault, stored: string, body: unknown, secrets: ReadonlySet<string>): boolean {
  if (/^[0-9a-f]{64}$/.test(stored)) return isSameSecret(stored, sha256(JSON.stringify(body ?? null)));
  return vault.isKeyedHash(stored, textOf(body, secrets), LABEL);
}

function textOf(body: unknown, secrets: ReadonlySet<string>): string {
  return JSON.stringify(body ?? null, (name, value: unknown) => (secrets.has(name) ? undefined : value));
}

const known = new WeakMap<z.ZodType, ReadonlySet<string>>();

/** The names of the fields that a schema marks as secrets, at any depth. */
export function secretFieldsOf(schema: z.ZodType | undefined): ReadonlySet<string> {
  if (!schema) return new Set();
  const before = known.get(schema);
  if (before) return before;
  const names = new Set<string>();
  collect(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), names);
  known.set(schema, names);
  return names;
}

function collect(schema: unknown, names: Set<string>): void {
  if (typeof schema !== 'object' || schema === null) return;
  const { properties } = schema as { properties?: Record<string, { writeOnly?: boolean }> };
  for (const [name, property] of Object.entries(properties ?? {})) if (property.writeOnly === true) names.add(name);
  for (const part of Object.values(schema)) collect(part, names);
}
