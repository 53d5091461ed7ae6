import type { HttpAnswer, SharedHttp } from '../../net/http.ts';
import { ProviderError } from '../../domain/verdict.ts';
import type { SendAnswer, Transmission } from '../contract.ts';

/** The limit of the whole call, in ms: a large message over a slow line. */
const TIMEOUT_MS = 120_000;
/** The provider may have taken the message before it failed. 503 says that it did not. */
const UNDECIDED = [500, 502, 504];

interface Post {
  url: URL;
  headers: Record<string, string>;
  body: AsyncIterable<Uint8Array>;
  /** Of the body, in octets. */
  length: number;
}

/**
 * Posts a message and reads the answer: `isTaken` says whether it is the success of this call, `refuse` what any other
 * means, or throws it. The call has a connection of its own: the server may close one that is kept alive at any time, and
 * the outcome would be unknown for nothing.
 */
export async function postMessage(
  http: SharedHttp,
  { url, headers, body, length }: Post,
  { signal, beforeTransmission }: Transmission,
  read: { isTaken: (answer: HttpAnswer) => boolean; refuse: (answer: HttpAnswer) => SendAnswer },
): Promise<SendAnswer> {
  let left = false;
  const own = http.openSession({ ownConnection: true });
  try {
    const answer = await own.send({
      method: 'POST',
      url,
      operation: 'api',
      headers: { ...headers, 'content-length': String(length) },
      body,
      async beforeWriting() {
        await beforeTransmission();
        left = true;
      },
      signal,
      timeoutMs: TIMEOUT_MS,
    });
    if (read.isTaken(answer)) return { outcome: 'accepted', refusedRecipients: [] };
    // A success without the body of one comes from a proxy, or from a backend that broke midway.
    if (answer.status < 300 || UNDECIDED.includes(answer.status)) return { outcome: 'unknown' };
    left = false;
    return read.refuse(answer);
  } catch (error) {
    if (left && error instanceof ProviderError) return { outcome: 'unknown' };
    throw error;
  } finally {
    await own.close();
  }
}

/** The bytes in base64, in pieces without padding between them. */
export async function* inBase64(raw: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest = Buffer.alloc(0);
  for await (const bytes of raw) {
    const held = Buffer.concat([rest, bytes]);
    const whole = held.length - (held.length % 3);
    rest = held.subarray(whole);
    if (whole > 0) yield Buffer.from(held.toString('base64', 0, whole));
  }
  if (rest.length > 0) yield Buffer.from(rest.toString('base64'));
}

export const base64Length = (octets: number) => 4 * Math.ceil(octets / 3);
