import { z } from 'zod';
import { Secret } from '../domain/secret.ts';
import { readServer } from '../domain/server.ts';
import type { Server, SubmissionServer } from '../domain/server.ts';

const mailServer = { host: z.string(), port: z.number(), security: z.enum(['tls', 'starttls']) };
const shape = z.object({
  username: z.string(),
  password: z.string(),
  server: z
    .union([
      z.object({ kind: z.literal('ews'), url: z.string(), authentication: z.literal('basic').optional() }),
      z.object({ kind: z.literal('imap'), ...mailServer }),
      z.object(mailServer),
    ])
    .transform(readServer),
  smtp: z.object(mailServer).nullable().default(null),
});

export interface PasswordSecret {
  server: Server;
  username: string;
  password: Secret;
  /** The server that sends with it; null: the password only reads. */
  smtp: SubmissionServer | null;
}

/** The text that is sealed for a channel with a password: the password together with where it belongs. */
export function passwordSecretText({
  server,
  username,
  password,
  smtp = null,
}: Omit<PasswordSecret, 'smtp'> & Partial<Pick<PasswordSecret, 'smtp'>>): Secret {
  const places = smtp === null ? { server } : { server, smtp };
  return new Secret(JSON.stringify({ username, password: password.reveal(), ...places }));
}

export function readPasswordSecret(text: Secret): PasswordSecret {
  const { password, ...places } = shape.parse(JSON.parse(text.reveal()));
  return { ...places, password: new Secret(password) };
}
