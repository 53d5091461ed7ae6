import addressparser from 'nodemailer/lib/addressparser';
import { isMailAddress } from '../domain/address.ts';
import { Secret } from '../domain/secret.ts';

/** Where mail goes out (`SMTP_URL`). */
export interface SmtpServer {
  host: string;
  port: number;
  /** `none` in the clear; `optional` STARTTLS where the server offers it; else required. A certificate is always verified. */
  security: 'tls' | 'starttls' | 'optional' | 'none';
  login: { user: string; password: Secret } | null;
}

/** The sender of mails (`MAIL_FROM`). */
export interface Sender {
  address: string;
  name: string;
}

/** The fault of a value; the message never repeats the value. */
export type Parsed<T> = { value: T } | { problem: string };

const SMTP_URL_FORM =
  'expected smtp://user:password@host:587 or smtps://user:password@host:465, with %40 for an @ in user or password';
const LOOPBACK = /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/;

/**
 * Reads `SMTP_URL`. `smtp:` requires STARTTLS unless the server is on this machine or the address ends in
 * `?starttls=optional`; `smtps:` is TLS from the first byte.
 */
export function parseSmtpUrl(text: string): Parsed<SmtpServer> {
  if (!URL.canParse(text)) return { problem: SMTP_URL_FORM };
  const url = new URL(text);
  const isTls = url.protocol === 'smtps:';
  if ((!isTls && url.protocol !== 'smtp:') || url.hostname === '' || !/^\/?$/.test(url.pathname)) {
    return { problem: SMTP_URL_FORM };
  }
  const { starttls, ...others } = Object.fromEntries(url.searchParams) as Record<string, string>;
  if (Object.keys(others).length > 0 || !['required', 'optional', undefined].includes(starttls) || url.hash) {
    return { problem: 'expected no other parameter than ?starttls=optional or ?starttls=required' };
  }
  const login = loginOf(url);
  if (login === undefined) return { problem: SMTP_URL_FORM };
  if (login !== null && starttls === 'optional' && !LOOPBACK.test(url.hostname)) {
    return { problem: 'expected no user and password with ?starttls=optional: they could leave unencrypted' };
  }
  return {
    value: {
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port ? Number(url.port) : isTls ? 465 : 587,
      security: isTls ? 'tls' : securityOf(url.hostname, starttls),
      login,
    },
  };
}

function securityOf(host: string, starttls: string | undefined): SmtpServer['security'] {
  if (starttls === 'optional') return 'optional';
  return starttls === undefined && LOOPBACK.test(host) ? 'none' : 'starttls';
}

/** undefined: not decodable, or a user without a password. */
function loginOf({ username, password }: URL): SmtpServer['login'] | undefined {
  if (username === '' && password === '') return null;
  if (username === '' || password === '') return undefined;
  try {
    return { user: decodeURIComponent(username), password: new Secret(decodeURIComponent(password)) };
  } catch {
    return undefined;
  }
}

/** Reads `MAIL_FROM`: one address, with or without a name. */
export function parseSender(text: string): Parsed<Sender> {
  const problem = 'expected one address with or without a name, such as Mooring <no-reply@example.com>';
  if (/[\r\n]/.test(text)) return { problem };
  const [first, ...more] = addressparser(text, { flatten: true });
  if (!first || more.length > 0 || !isMailAddress(first.address)) return { problem };
  return { value: { address: first.address, name: first.name } };
}
