import { UnexpectedAnswer } from './answer-reader.ts';

/** 256 KiB: an envelope of ids and states is smaller. */
const DOCUMENT_LENGTH = 256 * 1024;
const END = /<\/(?:[\w.-]{1,64}:)?Envelope\s{0,64}>/;
/** The longest end, in characters. */
const END_LENGTH = 140;

/**
 * The envelopes of an answer that holds one after the other, each as soon as it is whole. Text is searched once, also where a
 * server sends it byte by byte.
 */
export async function* documentsIn(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let pieces: string[] = [];
  let length = 0;
  /** The last of the text, in which an end may have begun. */
  let tail = '';
  for await (const bytes of body) {
    let text = tail + decoder.decode(bytes, { stream: true });
    for (let end = END.exec(text); end !== null; end = END.exec(text)) {
      const cut = end.index + end[0].length;
      yield [...pieces, text.slice(0, cut)].join('').trim();
      [pieces, length] = [[], 0];
      text = text.slice(cut);
    }
    tail = text.slice(-END_LENGTH);
    pieces.push(text.slice(0, -END_LENGTH));
    length += text.length - tail.length;
    if (length > DOCUMENT_LENGTH) throw new UnexpectedAnswer('it is too large');
  }
  if ([...pieces, tail].join('').trim() !== '') throw new UnexpectedAnswer('it ends early, or is no SOAP');
}
