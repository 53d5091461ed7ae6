import { z } from 'zod';

/** The value of a variable that names a mail server: `host:port`. It is reached by TLS from the first byte. */
export const mailServer = z
  .string()
  .regex(/^[a-z0-9.-]+:\d{1,5}$/i, 'expected host:port')
  .transform((text) => ({ host: text.slice(0, text.lastIndexOf(':')), port: Number(text.split(':').at(-1)) }));
