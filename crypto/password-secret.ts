import { z } from 'zod';
import { Secret } from '../domain/secret.ts';
import { readServer } from '../domain/server.ts';
import type { Server } from '../domain/server.ts';

const imapServer = { host: z.string(), port: z.number(), security: z.enum(['tls', 'starttls']) };
const shape = z.object({
  username: z.string(),
  password: z.string(),
  server: z
    .union([
      z.object({ kind: z.literal('ews'), url: z.string() }),
      z.object({ kind: z.literal('imap'), ...imapServer }),
      z.object(imapServer),
    ])
    .transform(readServer),
});

export interface PasswordSecret {
  server: Server;
  username: string;
  password: Secret;
}

/** The text that is sealed for a channel with a password: the password together with where it belongs. */
export function passwordSecretText({ server, username, password }: PasswordSecret): Secret {
  return new Secret(JSON.stringify({ username, password: password.reveal(), server }));
}

export function readPasswordSecret(text: Secret): PasswordSecret {
  const { server, username, password } = shape.parse(JSON.parse(text.reveal()));
  return { server, username, password: new Secret(password) };
}
