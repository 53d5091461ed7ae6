// The limit of imports: lists a mailbox and fetches every message of it as an import does, and stores nothing.
import { readFileSync } from 'node:fs';
import { ImapFlow } from 'imapflow';
import { Pool } from 'undici';
import { forEachAtOnce } from './channels.ts';

/** As many at once as an import has under way; Gmail refuses more than a few. */
const CONCURRENCY = 4;

export type RawLoopOrder =
  | { protocol: 'gmail'; apiUrl: string; accessToken: string }
  | { protocol: 'imap'; host: string; port: number; caFile: string; user: string; pass: string };

export interface RawLoopAnswer {
  messages: number;
  bytes: number;
  tookMs: number;
}

process.on('message', (order: RawLoopOrder) => void obey(order));
process.send?.('ready');

async function obey(order: RawLoopOrder): Promise<void> {
  const beganAt = performance.now();
  const fetched = order.protocol === 'gmail' ? await fetchGmail(order) : await fetchImap(order);
  process.send?.({ ...fetched, tookMs: performance.now() - beganAt } satisfies RawLoopAnswer);
}

async function fetchGmail({ apiUrl, accessToken }: Extract<RawLoopOrder, { protocol: 'gmail' }>) {
  const { origin } = new URL(apiUrl);
  const pool = new Pool(origin, { connections: CONCURRENCY });
  const headers = { authorization: `Bearer ${accessToken}` };
  const get = async <Answer>(path: string): Promise<Answer> => {
    const { statusCode, body } = await pool.request({ method: 'GET', path: `/gmail/v1/users/me/${path}`, headers });
    if (statusCode !== 200) throw new Error(`GET ${path}: ${statusCode} ${await body.text()}`);
    return (await body.json()) as Answer;
  };
  let bytes = 0;
  let messages = 0;
  for (let page: string | undefined = ''; page !== undefined;) {
    const listed: { messages?: { id: string }[]; nextPageToken?: string } = await get(
      `messages?maxResults=500${page === '' ? '' : `&pageToken=${page}`}`,
    );
    await forEachAtOnce(listed.messages ?? [], CONCURRENCY, async ({ id }) => {
      const { raw } = await get<{ raw: string }>(`messages/${id}?format=raw`);
      bytes += Buffer.from(raw, 'base64url').length;
      messages++;
    });
    page = listed.nextPageToken;
  }
  await pool.close();
  return { messages, bytes };
}

async function fetchImap({ host, port, caFile, user, pass }: Extract<RawLoopOrder, { protocol: 'imap' }>) {
  const tls = { ca: readFileSync(caFile) };
  const client = new ImapFlow({
    host,
    port,
    secure: false,
    doSTARTTLS: true,
    tls,
    auth: { user, pass },
    logger: false,
  });
  await client.connect();
  await client.mailboxOpen('INBOX', { readOnly: true });
  let bytes = 0;
  let messages = 0;
  for await (const { source } of client.fetch('1:*', { uid: true, source: true, internalDate: true })) {
    bytes += source?.length ?? 0;
    messages++;
  }
  await client.logout();
  return { messages, bytes };
}
