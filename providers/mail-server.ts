import { z } from 'zod';
import type { SubmissionServer } from '../domain/server.ts';

/** The value of a variable that names a mail server: `host:port`. IMAP is reached by TLS from the first byte. */
export const mailServer = z
  .string()
  .regex(/^[a-z0-9.-]+:\d{1,5}$/i, 'expected host:port')
  .transform((text) => ({ host: text.slice(0, text.lastIndexOf(':')), port: Number(text.split(':').at(-1)) }));

/** A submission server: by TLS from the first byte at port 465 (RFC 8314), by STARTTLS at 587 and any other. */
export const submissionServer = ({ host, port }: { host: string; port: number }): SubmissionServer => ({
  host,
  port,
  security: port === 465 ? 'tls' : 'starttls',
});
