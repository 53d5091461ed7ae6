/** Where `"raw": "` begins. It cannot stand inside another string, where its quotes would be escaped. */
const RAW_FIELD = /"raw"\s*:\s*"/;
/** Before `raw` come ids, labels and a snippet; more than this is no message. */
const MAX_HEAD_LENGTH = 256 * 1024;

/** The parts of a `messages.get?format=raw` answer that are not the message. */
export interface MessageFrame {
  /** The answer's JSON with an empty `raw`; complete once the message has been read. */
  json: string;
}

/**
 * Decodes the message in the answer of `messages.get?format=raw` while it comes, so that no message is ever held
 * whole, let alone three times (bytes, text, decoded). What stands around it is collected in `frame`.
 * Throws when the answer ends within the message.
 */
export async function* decodeRawMessage(
  body: AsyncIterable<Uint8Array>,
  frame: MessageFrame,
): AsyncGenerator<Uint8Array> {
  const decoder = new Base64UrlDecoder();
  let state: 'head' | 'raw' | 'tail' = 'head';
  for await (const bytes of body) {
    // JSON outside of strings and base64 are ASCII; latin1 keeps UTF-8 bytes of the snippet for the end.
    let text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    if (state === 'head') {
      frame.json += text;
      const field = RAW_FIELD.exec(frame.json);
      if (field === null) {
        if (frame.json.length > MAX_HEAD_LENGTH) throw new Error('messages.get answered no raw message');
        continue;
      }
      const start = field.index + field[0].length;
      text = frame.json.slice(start);
      frame.json = frame.json.slice(0, start);
      state = 'raw';
    }
    if (state === 'raw') {
      const end = text.indexOf('"');
      const decoded = decoder.write(end < 0 ? text : text.slice(0, end));
      if (decoded.length > 0) yield decoded;
      if (end < 0) continue;
      const rest = decoder.end();
      if (rest.length > 0) yield rest;
      text = text.slice(end);
      state = 'tail';
    } else text = state === 'tail' ? text : '';
    frame.json += text;
  }
  if (state !== 'tail') throw new Error('the answer of messages.get ended before the message did');
  frame.json = Buffer.from(frame.json, 'latin1').toString('utf8');
}

/** Base64url in pieces of any length. Padding ends it, also where JSON has it as `\\u003d`. */
class Base64UrlDecoder {
  #rest = '';
  #ended = false;

  write(text: string): Buffer {
    if (this.#ended) return Buffer.alloc(0);
    const stop = text.search(/[=\\]/);
    this.#ended = stop >= 0;
    const all = this.#rest + (stop < 0 ? text : text.slice(0, stop));
    const whole = all.length - (all.length % 4);
    this.#rest = all.slice(whole);
    return Buffer.from(all.slice(0, whole), 'base64url');
  }

  end(): Buffer {
    return Buffer.from(this.#rest, 'base64url');
  }
}
