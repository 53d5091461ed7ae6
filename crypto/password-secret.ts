import { z } from 'zod';
import type { MailServer } from '../domain/mail-server.ts';
import { Secret } from '../domain/secret.ts';

const shape = z.object({
  username: z.string(),
  password: z.string(),
  server: z.object({ host: z.string(), port: z.number(), security: z.enum(['tls', 'starttls']) }),
});

export interface PasswordSecret {
  server: MailServer;
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
