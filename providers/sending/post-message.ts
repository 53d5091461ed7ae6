import type { BeforeWriting, HttpAnswer, SharedHttp } from '../../net/http.ts';
import { ProviderError } from '../../domain/verdict.ts';
import type { SendAnswer, Transmission } from '../contract.ts';

/** The limit of the whole call, in ms: a large message over a slow line. */
export const TRANSMISSION_TIMEOUT_MS = 120_000;
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
  const own = http.openSession({ ownConnection: true });
  const post = (beforeWriting: BeforeWriting) =>
    own.send({
      method: 'POST',
      url,
      operation: 'api',
      headers: { ...headers, 'content-length': String(length) },
      body,
      beforeWriting,
      signal,
      timeoutMs: TRANSMISSION_TIMEOUT_MS,
    });
  try {
    return await transmit(post, beforeTransmission, (answer) => {
      if (read.isTaken(answer)) return { outcome: 'accepted', refusedRecipients: [] };
      return isUndecided(answer) ? { outcome: 'unknown' } : read.refuse(answer);
    });
  } finally {
    await own.close();
  }
}

/** A success without the body of one comes from a proxy, or from a backend that broke midway. */
export const isUndecided = ({ status }: HttpAnswer) => status < 300 || UNDECIDED.includes(status);

/** Posts a message by `post`. Once its first octet may have left, an answer is all that proves what became of it. */
export async function transmit(
  post: (beforeWriting: BeforeWriting) => Promise<HttpAnswer>,
  beforeTransmission: BeforeWriting,
  read: (answer: HttpAnswer) => SendAnswer,
): Promise<SendAnswer> {
  let left = false;
  const beforeWriting = async () => {
    await beforeTransmission();
    left = true;
  };
  try {
    const answer = await post(beforeWriting);
    left = false;
    return read(answer);
  } catch (error) {
    if (left && error instanceof ProviderError) return { outcome: 'unknown' };
    throw error;
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
