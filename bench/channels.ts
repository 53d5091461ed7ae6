import { setTimeout as sleep } from 'node:timers/promises';
import type { Mooring } from './mooring.ts';

export const TENANT = 'bench';
const PASSWORD = 'correct horse battery';

/** What the bench reads of a channel. */
export interface Channel {
  id: string;
  status: string;
  credential_version: number;
  token_expires_at: string | null;
  covered_until: string | null;
}

/** Connects a Gmail account as a person would: link, consent, callback. Answers once the channel is connected. */
export const connectGmail = (mooring: Mooring, email: string, importMode = 'off') =>
  connectOAuth(mooring, { accessType: 'gmail', provider: 'google' }, email, importMode);

/** The same with an account of Microsoft 365. */
export const connectMicrosoft = (mooring: Mooring, email: string, importMode = 'off') =>
  connectOAuth(mooring, { accessType: 'microsoft', provider: 'microsoft' }, email, importMode);

async function connectOAuth(
  mooring: Mooring,
  { accessType, provider }: { accessType: string; provider: string },
  email: string,
  importMode: string,
): Promise<Channel> {
  await mooring.sandbox.account(provider, email, { password: PASSWORD });
  const link = await makeLink(mooring, accessType, email, importMode);
  const asked = await fetch(`${link}/authorize`, json({ access_type: accessType }));
  if (!asked.ok) throw new Error(`authorize: ${asked.status} ${await asked.text()}`);
  const cookie = asked.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  const { authorization_url: address } = (await asked.json()) as { authorization_url: string };
  const back = await mooring.sandbox.consent(address, email);
  const callback = await fetch(back, { headers: { cookie }, redirect: 'manual' });
  if (callback.status !== 303) throw new Error(`callback: ${callback.status} ${await callback.text()}`);
  return connectedBy(mooring, link);
}

/** Connects a mailbox of the sandbox's IMAP server by its password. */
export async function connectImap(mooring: Mooring, email: string, importMode = 'off'): Promise<Channel> {
  await mooring.sandbox.account('imap', email, { password: PASSWORD });
  const { host = '', port = 0 } = mooring.sandbox.imap ?? {};
  return connectAt(mooring, email, { host, port }, importMode);
}

/** Connects a mailbox of the sandbox's Exchange by its password. */
export async function connectExchange(mooring: Mooring, email: string, importMode = 'off'): Promise<Channel> {
  await mooring.sandbox.account('exchange', email, { password: PASSWORD });
  const link = await makeLink(mooring, 'exchange', email, importMode);
  const { url } = mooring.sandbox.exchange ?? {};
  return connectByPassword(mooring, link, { access_type: 'exchange', username: email, password: PASSWORD, url });
}

/** Connects the mailbox of `imapLogin(email)` at a server that knows it. */
export async function connectAt(
  mooring: Mooring,
  email: string,
  { host, port }: { host: string; port: number },
  importMode = 'off',
): Promise<Channel> {
  const link = await makeLink(mooring, 'imap', email, importMode);
  const form = { access_type: 'imap', username: email, password: PASSWORD, host, port, security: 'starttls' };
  return connectByPassword(mooring, link, form);
}

async function connectByPassword(mooring: Mooring, link: string, form: object): Promise<Channel> {
  const answer = await fetch(`${link}/password`, json(form));
  if (!answer.ok) throw new Error(`password: ${answer.status} ${await answer.text()}`);
  return connectedBy(mooring, link);
}

/** The login of an IMAP account of the sandbox. */
export const imapLogin = (email: string) => ({ user: email, pass: PASSWORD });

async function makeLink(mooring: Mooring, accessType: string, email: string, importMode: string): Promise<string> {
  const body = { tenant: TENANT, access_types: [accessType], owner: { email }, import: importMode };
  const { url } = await mooring.call<{ url: string }>('POST', '/v1/links', body);
  return url.replace(/\/$/, '');
}

async function connectedBy(mooring: Mooring, link: string): Promise<Channel> {
  const session = await fetch(`${link}/session`);
  const { result } = (await session.json()) as { result: { status: string; channel: string } | null };
  if (result?.status !== 'connected') throw new Error(`not connected: ${JSON.stringify(result)}`);
  const path = `/v1/channels/${result.channel}`;
  return until('the channel to be connected', 30_000, async () => {
    const channel = await mooring.call<Channel>('GET', path);
    return channel.status === 'connected' ? channel : null;
  });
}

/** Does `work` with every item, `width` at a time. */
export async function forEachAtOnce<T>(items: T[], width: number, work: (item: T) => Promise<unknown>): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}

const TRIES = 3;

/** Tries again after a failure, because a busy machine answers late. */
export async function persistently<T>(work: () => Promise<T>): Promise<T> {
  for (let left = TRIES - 1; ; left--) {
    try {
      return await work();
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}

/** Looks again and again until there is something. */
export async function until<T>(
  what: string,
  timeoutMs: number,
  look: () => Promise<T | null>,
  everyMs = 50,
): Promise<T> {
  const endsAt = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (performance.now() > endsAt) throw new Error(`Waited ${timeoutMs} ms for ${what}`);
    await sleep(everyMs);
  }
}

const json = (body: object) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});
